#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

// JSON to and from described structs (BOOST_DESCRIBE_STRUCT). Unknown fields are ignored; a missing
// field is an error unless its type is std::optional, where null counts as missing. Decode errors
// name the field by its path ("principal.kind", "allow[2]"): Unprocessable for a missing field or a
// wrong JSON type, InvalidArgument for text that its type refuses.
//
// A type takes part by being described, or by two functions found by ADL:
// std::string to_text(const T&);   Result<T> parse_text(std::type_identity<T>, std::string_view);
namespace zs {

template <class T>
Result<T> decode_json(const boost::json::value& value, const std::string& path = "");
template <class T>
boost::json::value encode_json(const T& value);

namespace json_codec {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept Json = std::same_as<T, boost::json::value> || std::same_as<
    T, boost::json::object> || std::same_as<T, boost::json::array>;

template <class T>
concept Text = requires(const T& value, std::string_view text) {
    { to_text(value) } -> std::convertible_to<std::string_view>;
    { parse_text(std::type_identity<T>{}, text) } -> std::same_as<Result<T>>;
};

template <class T>
concept Described = boost::describe::has_describe_members<T>::value && !std::is_enum_v<T>;

inline std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}

inline Error wrong_type(const std::string& path, std::string_view wanted) {
    const std::string shown = path.empty() ? "the body" : "'" + path + "'";
    return unprocessable(shown + " must be " + std::string(wanted), path);
}

template <class T>
Result<T> decode_integer(const boost::json::value& value, const std::string& path) {
    if (const auto* i = value.if_int64()) {
        if (std::in_range<T>(*i)) return static_cast<T>(*i);
    } else if (const auto* u = value.if_uint64()) {
        if (std::in_range<T>(*u)) return static_cast<T>(*u);
    } else {
        return wrong_type(path, "an integer");
    }
    return invalid_field(path, "'" + path + "' must be between "
                                   + std::to_string(std::numeric_limits<T>::min()) + " and "
                                   + std::to_string(std::numeric_limits<T>::max()));
}

template <class T>
Result<T> decode_text(const boost::json::value& value, const std::string& path) {
    const auto* text = value.if_string();
    if (text == nullptr) return wrong_type(path, "text");
    auto parsed = parse_text(std::type_identity<T>{}, std::string_view(text->data(), text->size()));
    if (!parsed) {
        Error error = parsed.error();
        error.message = "'" + path + "': " + error.message;
        return std::move(error).with("field", path);
    }
    return parsed;
}

template <class T>
Result<T> decode_struct(const boost::json::value& value, const std::string& path) {
    const auto* object = value.if_object();
    if (object == nullptr) return wrong_type(path, "an object");
    T out{};
    std::optional<Error> failed;
    using Members = boost::describe::describe_members<T, boost::describe::mod_public
                                                             | boost::describe::mod_inherited>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        if (failed) return;
        using Field = std::remove_reference_t<decltype(out.*member.pointer)>;
        const std::string field_path = join(path, member.name);
        const auto* field = object->if_contains(member.name);
        if (field == nullptr) {
            if constexpr (!is_optional<Field>) {
                failed = unprocessable("'" + field_path + "' is missing", field_path);
            }
            return;
        }
        auto decoded = decode_json<Field>(*field, field_path);
        if (!decoded) {
            failed = std::move(decoded).error();
        } else {
            out.*member.pointer = std::move(*decoded);
        }
    });
    if (failed) return std::move(*failed);
    return out;
}

template <class T>
Result<T> decode_vector(const boost::json::value& value, const std::string& path) {
    const auto* array = value.if_array();
    if (array == nullptr) return wrong_type(path, "an array");
    T out;
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string item_path = path + "[" + std::to_string(i) + "]";
        auto item = decode_json<typename T::value_type>((*array)[i], item_path);
        if (!item) return std::move(item).error();
        out.push_back(std::move(*item));
    }
    return out;
}

template <class T>
Result<T> decode_map(const boost::json::value& value, const std::string& path) {
    const auto* object = value.if_object();
    if (object == nullptr) return wrong_type(path, "an object");
    T out;
    for (const auto& [key, item] : *object) {
        const std::string name(key.data(), key.size());
        auto decoded = decode_json<typename T::mapped_type>(item, join(path, name));
        if (!decoded) return std::move(decoded).error();
        out.emplace(name, std::move(*decoded));
    }
    return out;
}

}  // namespace json_codec

template <class T>
Result<T> decode_json(const boost::json::value& value, const std::string& path) {
    using namespace json_codec;
    if constexpr (std::same_as<T, boost::json::value>) {
        return value;
    } else if constexpr (is_optional<T>) {
        if (value.is_null()) return T{};
        auto inner = decode_json<typename T::value_type>(value, path);
        if (!inner) return std::move(inner).error();
        return T{std::move(*inner)};
    } else if constexpr (std::same_as<T, bool>) {
        if (!value.is_bool()) return wrong_type(path, "true or false");
        return value.get_bool();
    } else if constexpr (std::integral<T>) {
        return decode_integer<T>(value, path);
    } else if constexpr (std::floating_point<T>) {
        if (!value.is_number()) return wrong_type(path, "a number");
        return value.to_number<T>();
    } else if constexpr (std::same_as<T, std::string>) {
        if (!value.is_string()) return wrong_type(path, "text");
        return T(value.get_string().data(), value.get_string().size());
    } else if constexpr (std::same_as<T, Secret>) {
        if (!value.is_string()) return wrong_type(path, "text");
        return Secret(std::string(value.get_string().data(), value.get_string().size()));
    } else if constexpr (std::same_as<T, boost::json::object>) {
        if (!value.is_object()) return wrong_type(path, "an object");
        return value.get_object();
    } else if constexpr (std::same_as<T, boost::json::array>) {
        if (!value.is_array()) return wrong_type(path, "an array");
        return value.get_array();
    } else if constexpr (std::same_as<T, Timestamp>) {
        if (!value.is_string()) return wrong_type(path, "an RFC 3339 time");
        auto time = from_rfc3339({value.get_string().data(), value.get_string().size()});
        if (!time) return std::move(time.error()).with("field", path);
        return time;
    } else if constexpr (Text<T>) {
        return decode_text<T>(value, path);
    } else if constexpr (is_vector<T>) {
        return decode_vector<T>(value, path);
    } else if constexpr (is_map<T>) {
        return decode_map<T>(value, path);
    } else {
        static_assert(Described<T>, "describe the struct, or give it to_text and parse_text");
        return decode_struct<T>(value, path);
    }
}

template <class T>
boost::json::value encode_json(const T& value) {
    using namespace json_codec;
    if constexpr (std::is_arithmetic_v<T> || Json<T>) {
        return value;
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return boost::json::string(std::string_view(value));
    } else if constexpr (is_optional<T>) {
        return value ? encode_json(*value) : boost::json::value(nullptr);
    } else if constexpr (std::same_as<T, Timestamp>) {
        return boost::json::string(to_rfc3339(value));
    } else if constexpr (requires { to_text(value); }) {
        return boost::json::string(std::string_view(to_text(value)));
    } else if constexpr (is_vector<T>) {
        boost::json::array out;
        out.reserve(value.size());
        for (const auto& item : value)
            out.push_back(encode_json(item));
        return out;
    } else if constexpr (is_map<T>) {
        boost::json::object out;
        for (const auto& [key, item] : value)
            out.emplace(key, encode_json(item));
        return out;
    } else {
        static_assert(Described<T>, "describe the struct, or give it to_text");
        boost::json::object out;
        using Members = boost::describe::describe_members<T, boost::describe::mod_public
                                                                 | boost::describe::mod_inherited>;
        boost::mp11::mp_for_each<Members>(
            [&](auto member) { out.emplace(member.name, encode_json(value.*member.pointer)); });
        return out;
    }
}

}  // namespace zs
