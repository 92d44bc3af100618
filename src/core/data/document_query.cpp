#include "core/data/document_query.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/data/document_limits.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace zs::data {
namespace {

namespace json = boost::json;

struct Operator {
    std::string_view name;
    Compare compare;
};
constexpr std::array<Operator, 9> kOperators = {{{"eq", Compare::Eq},
                                                 {"ne", Compare::Ne},
                                                 {"gt", Compare::Gt},
                                                 {"gte", Compare::Gte},
                                                 {"lt", Compare::Lt},
                                                 {"lte", Compare::Lte},
                                                 {"in", Compare::In},
                                                 {"exists", Compare::Exists},
                                                 {"prefix", Compare::Prefix}}};

Error bad_filter(std::string message) {
    return invalid_field("filter", "filter: " + std::move(message), "invalid_filter");
}

bool is_path(std::string_view path) {
    return !path.empty() && path.size() <= limits::kPathBytesMax
           && path.find('"') == std::string_view::npos && path.find('\0') == std::string_view::npos
           && !path.starts_with('.') && !path.ends_with('.')
           && path.find("..") == std::string_view::npos;
}

std::optional<SqlValue> scalar(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return SqlValue();
        case json::kind::bool_: return SqlValue(std::int64_t{value.get_bool() ? 1 : 0});
        case json::kind::int64: return SqlValue(value.get_int64());
        case json::kind::uint64: return SqlValue(static_cast<double>(value.get_uint64()));
        case json::kind::double_: return SqlValue(value.get_double());
        case json::kind::string: return SqlValue(std::string(value.get_string()));
        case json::kind::array:
        case json::kind::object: break;
    }
    return std::nullopt;
}

Result<void> read_operand(Condition& condition, const json::value& value) {
    const std::string where = "'" + condition.path + "'";
    if (condition.compare == Compare::In) {
        const auto* list = value.if_array();
        if (list == nullptr || list->empty() || list->size() > limits::kFilterListMax) {
            return bad_filter(where + ": 'in' takes an array of 1 to "
                              + std::to_string(limits::kFilterListMax) + " values");
        }
        for (const auto& item : *list) {
            auto read = scalar(item);
            if (!read) return bad_filter(where + ": 'in' takes text, numbers and booleans");
            condition.values.push_back(std::move(*read));
        }
        return {};
    }
    auto read = scalar(value);
    if (!read) return bad_filter(where + ": the value must be text, a number, a boolean or null");
    if (condition.compare == Compare::Prefix && !std::holds_alternative<std::string>(*read)) {
        return bad_filter(where + ": 'prefix' takes text");
    }
    if (condition.compare == Compare::Exists && !value.is_bool()) {
        return bad_filter(where + ": 'exists' takes true or false");
    }
    condition.values.push_back(std::move(*read));
    return {};
}

Result<void> read_operators(std::vector<Condition>& out, const std::string& path,
                            const json::object& object) {
    for (const auto& [name, value] : object) {
        const std::string_view key(name.data(), name.size());
        const auto* const found = std::ranges::find(kOperators, key, &Operator::name);
        if (found == kOperators.end()) {
            return bad_filter("'" + path + "': there is no operator '" + std::string(key)
                              + "'; eq, ne, gt, gte, lt, lte, in, exists and prefix are");
        }
        Condition condition;
        condition.path = path;
        condition.compare = found->compare;
        auto read = read_operand(condition, value);
        if (!read) return read;
        out.push_back(std::move(condition));
    }
    return {};
}

}  // namespace

Result<std::vector<Condition>> read_filter(std::string_view text) {
    auto parsed = parse_json(text);
    if (!parsed) return bad_filter(parsed.error().message);
    const auto* object = parsed->if_object();
    if (object == nullptr) return bad_filter("must be a JSON object");
    std::vector<Condition> conditions;
    for (const auto& [key, value] : *object) {
        const std::string path(key.data(), key.size());
        if (!is_path(path)) return bad_filter("'" + path.substr(0, 100) + "' is not a path");
        Result<void> read;
        if (const auto* operators = value.if_object()) {
            read = read_operators(conditions, path, *operators);
        } else {
            Condition condition;
            condition.path = path;
            read = read_operand(condition, value);
            conditions.push_back(std::move(condition));
        }
        if (!read) return std::move(read).error();
        if (conditions.size() > limits::kFilterConditionsMax) {
            return bad_filter("at most " + std::to_string(limits::kFilterConditionsMax)
                              + " conditions are accepted");
        }
    }
    return conditions;
}

Result<std::vector<SortKey>> read_sort(std::string_view text) {
    std::vector<SortKey> keys;
    while (!text.empty()) {
        const auto end = text.find(',');
        std::string_view part = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        SortKey key;
        if (part.starts_with('-')) {
            key.descending = true;
            part.remove_prefix(1);
        }
        key.path = part;
        if (!is_path(part) || keys.size() >= limits::kSortKeysMax) {
            return invalid_field("sort", "'sort' must be at most "
                                             + std::to_string(limits::kSortKeysMax)
                                             + " paths, joined by ',', '-' before one for the "
                                               "opposite order");
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

std::string write_keys(const std::vector<SqlValue>& keys) {
    json::array out;
    for (const auto& key : keys) {
        if (const auto* integer = std::get_if<std::int64_t>(&key)) {
            out.emplace_back(*integer);
        } else if (const auto* real = std::get_if<double>(&key)) {
            out.emplace_back(*real);
        } else if (const auto* text = std::get_if<std::string>(&key)) {
            out.emplace_back(*text);
        } else {
            out.emplace_back(nullptr);
        }
    }
    return write_json(out);
}

std::optional<std::vector<SqlValue>> read_keys(std::string_view text) {
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_array()) return std::nullopt;
    std::vector<SqlValue> keys;
    for (const auto& item : parsed->get_array()) {
        auto key = scalar(item);
        if (!key) return std::nullopt;
        keys.push_back(std::move(*key));
    }
    return keys;
}

}  // namespace zs::data
