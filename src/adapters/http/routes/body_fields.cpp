#include "adapters/http/routes/body_fields.hpp"

#include "adapters/http/routes/sql_body.hpp"

namespace zs::http {
namespace json = boost::json;

Result<const json::object*> as_object(const json::value& body, const std::string& path) {
    const auto* object = body.if_object();
    if (object == nullptr) return json_codec::wrong_type(path, "an object");
    return object;
}

Result<void> read_count(const json::object& body, const char* name, std::size_t& out) {
    std::optional<std::int64_t> number;
    auto read = read_optional(body, name, number);
    if (!read || !number) return read;
    if (*number < 1) {
        return invalid_field(name, "'" + std::string(name) + "' must be at least 1");
    }
    out = static_cast<std::size_t>(*number);
    return {};
}

Result<void> read_metric(const json::object& body, vector::Metric& out) {
    std::optional<std::string> text;
    auto read = read_optional(body, "metric", text);
    if (!read || !text) return read;
    auto metric = vector::parse_metric(*text);
    if (!metric) {
        Error error = std::move(metric).error();
        return std::move(error).with("field", std::string_view("metric"));
    }
    out = *metric;
    return {};
}

Result<void> append_vector(const json::value& value, const std::string& path,
                           std::vector<float>& out) {
    const auto* list = value.if_array();
    if (list == nullptr) return json_codec::wrong_type(path, "an array of numbers");
    for (std::size_t i = 0; i < list->size(); ++i) {
        const json::value& number = (*list)[i];
        if (!number.is_number()) {
            return json_codec::wrong_type(path + "[" + std::to_string(i) + "]", "a number");
        }
        out.push_back(static_cast<float>(number.to_number<double>()));
    }
    return {};
}

Result<void> read_filter(const json::object& body, std::optional<std::string>& filter,
                         std::vector<data::SqlValue>& params) {
    auto read = read_optional(body, "filter", filter);
    if (!read) return read;
    const auto* value = body.if_contains("filter_params");
    if (value == nullptr || value->is_null()) return {};
    const auto* list = value->if_array();
    if (list == nullptr) return json_codec::wrong_type("filter_params", "an array");
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto param = decode_sql_value((*list)[i], "filter_params[" + std::to_string(i) + "]");
        if (!param) return std::move(param).error();
        params.push_back(std::move(*param));
    }
    if (filter || params.empty()) return {};
    return invalid_field("filter_params", "'filter_params' stands beside 'filter' only");
}

}  // namespace zs::http
