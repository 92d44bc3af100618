#include "adapters/http/routes/sql_body.hpp"

#include "base/encoding.hpp"
#include "base/json_codec.hpp"
#include "base/json_writer.hpp"

namespace zs::http {
namespace json = boost::json;
using data::SqlValue;

namespace {

constexpr std::int64_t kEfSearchMax = data::limits::kVectorEfMax;

std::string_view view_of(const json::string& text) {
    return {text.data(), text.size()};
}

// {"base64": "..."} and nothing else.
const json::string* blob_text(const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr || object->size() != 1) return nullptr;
    const auto* text = object->if_contains("base64");
    return text == nullptr ? nullptr : text->if_string();
}

std::string without_sigil(std::string_view name) {
    const bool sigil = !name.empty() && (name[0] == '$' || name[0] == ':' || name[0] == '@');
    return std::string(sigil ? name.substr(1) : name);
}

Result<void> decode_params(const json::value& params, data::SqlCall& call) {
    if (params.is_null()) return {};
    if (const auto* list = params.if_array()) {
        call.positional.reserve(list->size());
        for (std::size_t i = 0; i < list->size(); ++i) {
            auto value = decode_sql_value((*list)[i], "params[" + std::to_string(i) + "]");
            if (!value) return std::move(value).error();
            call.positional.push_back(std::move(*value));
        }
        return {};
    }
    const auto* object = params.if_object();
    if (object == nullptr) return json_codec::wrong_type("params", "an array or an object");
    for (const auto& [key, item] : *object) {
        const std::string name = without_sigil({key.data(), key.size()});
        auto value = decode_sql_value(item, "params." + name);
        if (!value) return std::move(value).error();
        call.named.emplace_back(name, std::move(*value));
    }
    return {};
}

Result<RowFormat> decode_row_format(const json::value& value) {
    const auto* text = value.if_string();
    if (text == nullptr) return json_codec::wrong_type("row_format", "text");
    if (*text == "objects") return RowFormat::Objects;
    if (*text == "arrays") return RowFormat::Arrays;
    return invalid_field("row_format", "'row_format' must be objects or arrays");
}

Result<void> decode_settings(const json::value& value, data::SqlCall& call) {
    if (value.is_null()) return {};
    const auto* settings = value.if_object();
    if (settings == nullptr) return json_codec::wrong_type("settings", "an object");
    const auto* ef = settings->if_contains("hnsw.ef_search");
    if (ef == nullptr) return {};
    const std::string path = "settings.hnsw.ef_search";
    const auto number = decode_json<std::int64_t>(*ef, path);
    if (!number) return number.error();
    if (*number >= 1 && *number <= kEfSearchMax) {
        call.ef_search = static_cast<std::size_t>(*number);
        return {};
    }
    return invalid_field(path, fmt::format("'{}' must be between 1 and {}", path, kEfSearchMax));
}

Result<void> decode_limits(const json::object& body, data::SqlCall& call) {
    if (const auto* rows = body.if_contains("max_rows")) {
        auto number = decode_json<std::optional<std::uint64_t>>(*rows, "max_rows");
        if (!number) return std::move(number).error();
        call.rows_max = *number;
    }
    if (const auto* timeout = body.if_contains("timeout_ms")) {
        // More than a day cannot be meant, and fits every clock.
        constexpr std::int64_t kDayMs = 86'400'000;
        auto number = decode_json<std::optional<std::int64_t>>(*timeout, "timeout_ms");
        if (!number) return std::move(number).error();
        if (*number) {
            call.timeout = Millis(std::clamp<std::int64_t>(**number, 0, kDayMs));
        }
    }
    return {};
}

}  // namespace

Result<SqlValue> decode_sql_value(const json::value& value, const std::string& path) {
    switch (value.kind()) {
        case json::kind::null: return SqlValue{};
        case json::kind::bool_: return SqlValue{std::int64_t{value.get_bool() ? 1 : 0}};
        case json::kind::int64: return SqlValue{value.get_int64()};
        case json::kind::uint64:
            return invalid_field(path, "'" + path + "' does not fit a signed 64-bit integer; "
                                           "send it as text");
        case json::kind::double_: return SqlValue{value.get_double()};
        case json::kind::string: return SqlValue{std::string(view_of(value.get_string()))};
        case json::kind::array:
        case json::kind::object: break;
    }
    const auto* text = blob_text(value);
    if (text == nullptr) return SqlValue{write_json(value)};
    auto bytes = from_base64(view_of(*text));
    if (!bytes) return invalid_field(path, "'" + path + ".base64' is not base64");
    return SqlValue{data::Blob{std::move(*bytes)}};
}

Result<SqlBody> decode_sql_body(const json::value& value) {
    const auto* body = value.if_object();
    if (body == nullptr) return json_codec::wrong_type("", "an object");
    SqlBody out;
    const auto* sql = body->if_contains("sql");
    if (sql == nullptr) return unprocessable("'sql' is missing", "sql");
    if (!sql->is_string()) return json_codec::wrong_type("sql", "text");
    out.call.sql = view_of(sql->get_string());
    if (const auto* params = body->if_contains("params")) {
        auto done = decode_params(*params, out.call);
        if (!done) return std::move(done).error();
    }
    if (const auto* format = body->if_contains("row_format")) {
        auto rows = decode_row_format(*format);
        if (!rows) return std::move(rows).error();
        out.rows = *rows;
    }
    if (const auto* settings = body->if_contains("settings")) {
        auto done = decode_settings(*settings, out.call);
        if (!done) return std::move(done).error();
    }
    auto limits = decode_limits(*body, out.call);
    if (!limits) return std::move(limits).error();
    return out;
}

}  // namespace zs::http
