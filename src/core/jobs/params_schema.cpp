#include "core/jobs/params_schema.hpp"

#include "base/json_writer.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace zs::jobs {
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 7> kTypes{"string", "number", "integer", "boolean",
                                                 "object", "array",  "null"};
constexpr std::array<std::string_view, 19> kKeywords{"type",
                                                     "enum",
                                                     "const",
                                                     "minimum",
                                                     "maximum",
                                                     "items",
                                                     "minLength",
                                                     "maxLength",
                                                     "minItems",
                                                     "maxItems",
                                                     "required",
                                                     "properties",
                                                     "additionalProperties",
                                                     "default",
                                                     "title",
                                                     "description",
                                                     "examples",
                                                     "$schema",
                                                     "$id"};

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

Error bad_schema(const std::string& path, const std::string& rule) {
    return invalid_field("params_schema" + path, "params_schema" + path + ": " + rule,
                         "invalid_schema");
}

Error bad_value(const std::string& path, const std::string& rule, const char* reason) {
    Error error = unprocessable("'" + path + "' " + rule, path);
    error.reason = reason;
    return error;
}

bool known_type(const json::value& type) {
    if (!type.is_string()) return false;
    return std::find(kTypes.begin(), kTypes.end(), view(type.get_string())) != kTypes.end();
}

bool is_type(const json::value& value, std::string_view type) {
    if (type == "string") return value.is_string();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "null") return value.is_null();
    if (value.is_double()) return std::floor(value.get_double()) == value.get_double();
    return value.is_int64() || value.is_uint64();
}

std::size_t characters(const json::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

std::optional<double> number_at(const json::object& schema, std::string_view keyword) {
    const auto* value = schema.if_contains(keyword);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
}

Result<void> check_range(const json::object& schema, double amount, const char* least,
                         const char* most, const std::string& path, const std::string& what) {
    if (const auto min = number_at(schema, least); min && amount < *min) {
        return bad_value(path, what + " must be at least " + write_json(json::value(*min)),
                         "invalid_param");
    }
    if (const auto max = number_at(schema, most); max && amount > *max) {
        return bad_value(path, what + " must be at most " + write_json(json::value(*max)),
                         "invalid_param");
    }
    return {};
}

Result<void> check_object(const json::object& schema, const json::object& value,
                          const std::string& path) {
    if (const auto* required = schema.if_contains("required")) {
        for (const auto& name : required->get_array()) {
            if (value.contains(name.get_string())) continue;
            return bad_value(path + "." + std::string(view(name.get_string())), "is missing",
                             "missing_param");
        }
    }
    const auto* properties = schema.if_contains("properties");
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& [name, member] : value) {
        const std::string inner = path + "." + std::string(name.data(), name.size());
        const auto* of =
            properties == nullptr ? nullptr : properties->get_object().if_contains(name);
        if (of != nullptr) {
            auto checked = check_value(of->get_object(), member, inner);
            if (!checked) return checked;
        } else if (others != nullptr && !others->get_bool()) {
            return bad_value(inner, "is not a parameter of this template", "invalid_param");
        }
    }
    return {};
}

Result<void> check_type(const json::object& schema, const json::value& value,
                        const std::string& path) {
    const auto* type = schema.if_contains("type");
    if (type == nullptr) return {};
    bool fits = false;
    if (type->is_string()) {
        fits = is_type(value, view(type->get_string()));
    } else {
        for (const auto& one : type->get_array())
            fits = fits || is_type(value, view(one.get_string()));
    }
    if (fits) return {};
    return bad_value(path, "must be of type " + write_json(*type), "invalid_param");
}

Result<void> check_parts(const json::object& schema, const std::string& path) {
    if (const auto* properties = schema.if_contains("properties")) {
        if (!properties->is_object()) return bad_schema(path, "'properties' must be an object");
        for (const auto& [name, inner] : properties->get_object()) {
            const std::string at = path + "." + std::string(name.data(), name.size());
            if (!inner.is_object()) return bad_schema(at, "must be an object");
            auto checked = check_schema(inner.get_object(), at);
            if (!checked) return checked;
        }
    }
    if (const auto* items = schema.if_contains("items")) {
        if (!items->is_object()) return bad_schema(path, "'items' must be an object");
        auto checked = check_schema(items->get_object(), path + "[]");
        if (!checked) return checked;
    }
    if (const auto* required = schema.if_contains("required")) {
        const bool texts =
            required->is_array()
            && std::all_of(required->get_array().begin(), required->get_array().end(),
                           [](const json::value& name) { return name.is_string(); });
        if (!texts) return bad_schema(path, "'required' must be an array of text");
    }
    return {};
}

}  // namespace

Result<void> check_schema(const json::object& schema, const std::string& path) {
    for (const auto& [keyword, value] : schema) {
        const std::string_view name(keyword.data(), keyword.size());
        if (std::find(kKeywords.begin(), kKeywords.end(), name) == kKeywords.end()) {
            return bad_schema(path, "the keyword '" + std::string(name) + "' is not supported");
        }
        const bool is_bound = name.starts_with("min") || name.starts_with("max");
        if (is_bound && !value.is_number()) {
            return bad_schema(path, "'" + std::string(name) + "' must be a number");
        }
    }
    if (const auto* type = schema.if_contains("type")) {
        const bool good = type->is_array() ? std::all_of(type->get_array().begin(),
                                                         type->get_array().end(), known_type)
                                           : known_type(*type);
        if (!good) return bad_schema(path, "'type' must be a type of JSON Schema");
    }
    if (const auto* one_of = schema.if_contains("enum"); one_of && !one_of->is_array()) {
        return bad_schema(path, "'enum' must be an array");
    }
    if (const auto* more = schema.if_contains("additionalProperties"); more && !more->is_bool()) {
        return bad_schema(path, "'additionalProperties' must be true or false");
    }
    return check_parts(schema, path);
}

Result<void> check_value(const json::object& schema, const json::value& value,
                         const std::string& path) {
    auto typed = check_type(schema, value, path);
    if (!typed) return typed;
    if (const auto* only = schema.if_contains("const"); only && *only != value) {
        return bad_value(path, "must be " + write_json(*only), "invalid_param");
    }
    if (const auto* one_of = schema.if_contains("enum")) {
        const auto& all = one_of->get_array();
        if (std::find(all.begin(), all.end(), value) == all.end()) {
            return bad_value(path, "must be one of " + write_json(*one_of), "invalid_param");
        }
    }
    Result<void> ranged;
    if (value.is_number()) {
        ranged = check_range(schema, value.to_number<double>(), "minimum", "maximum", path, "");
    } else if (value.is_string()) {
        ranged = check_range(schema, static_cast<double>(characters(value.get_string())),
                             "minLength", "maxLength", path, "(its length)");
    } else if (value.is_array()) {
        ranged = check_range(schema, static_cast<double>(value.get_array().size()), "minItems",
                             "maxItems", path, "(its length)");
        const auto* items = schema.if_contains("items");
        for (std::size_t i = 0; ranged && items != nullptr && i < value.get_array().size(); ++i) {
            ranged = check_value(items->get_object(), value.get_array()[i],
                                 path + "[" + std::to_string(i) + "]");
        }
    } else if (value.is_object()) {
        ranged = check_object(schema, value.get_object(), path);
    }
    return ranged;
}

void put_defaults(const json::object& schema, json::object& params) {
    const auto* properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) return;
    for (const auto& [name, inner] : properties->get_object()) {
        const auto* value = inner.is_object() ? inner.get_object().if_contains("default") : nullptr;
        if (value != nullptr && !params.contains(name)) params[name] = *value;
    }
}

}  // namespace zs::jobs
