#pragma once

#include "base/error.hpp"
#include "base/json_codec.hpp"

#include <boost/json/object.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace zs::jobs {

// Reads an object field by field and remembers the first thing that is wrong; every read after that
// answers nothing. An absent field and null are the same. Lifetime: the object outlives it.
class FieldReader {
public:
    explicit FieldReader(const boost::json::object& json, std::string path = "")
        : json_(json), path_(std::move(path)) {}

    bool ok() const { return !failed_; }
    Error take_error() { return std::move(*failed_); }
    void fail(Error error) {
        if (!failed_) failed_ = std::move(error);
    }
    // A value that is out of range or malformed.
    void refuse(std::string_view field, std::string_view rule) {
        const std::string name = path(field);
        fail(invalid_field(name, "'" + name + "' " + std::string(rule)));
    }
    // A field that is missing or has the wrong JSON type.
    void reject(std::string_view field, std::string_view rule) {
        const std::string name = path(field);
        fail(unprocessable("'" + name + "' " + std::string(rule), name));
    }
    std::string path(std::string_view field) const {
        return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
    }

    const boost::json::value* at(std::string_view field) const {
        const auto* value = json_.if_contains(field);
        return value == nullptr || value->is_null() || failed_ ? nullptr : value;
    }

    template <class T>
    std::optional<T> get(std::string_view field) {
        const auto* value = at(field);
        if (value == nullptr) return std::nullopt;
        auto decoded = decode_json<T>(*value, path(field));
        if (decoded) return std::move(*decoded);
        fail(std::move(decoded).error());
        return std::nullopt;
    }

    std::optional<std::int64_t> integer(std::string_view field, std::int64_t least,
                                        std::int64_t most) {
        auto number = get<std::int64_t>(field);
        if (number && (*number < least || *number > most)) {
            refuse(field,
                   "must be between " + std::to_string(least) + " and " + std::to_string(most));
            return std::nullopt;
        }
        return number;
    }

    std::optional<std::string> text(std::string_view field, std::size_t bytes_max) {
        auto text = get<std::string>(field);
        if (text && text->size() > bytes_max) {
            refuse(field, "must have at most " + std::to_string(bytes_max) + " bytes");
            return std::nullopt;
        }
        if (text && text->find('\0') != std::string::npos) {
            refuse(field, "must not hold NUL");
            return std::nullopt;
        }
        return text;
    }

    std::vector<std::string> texts(std::string_view field, std::size_t items_max,
                                   std::size_t bytes_max) {
        auto items = get<std::vector<std::string>>(field);
        if (!items) return {};
        if (items->size() > items_max) {
            refuse(field, "must have at most " + std::to_string(items_max) + " entries");
            return {};
        }
        for (const auto& item : *items) {
            if (item.empty() || item.size() > bytes_max || item.find('\0') != std::string::npos) {
                refuse(field, "must hold texts of 1 to " + std::to_string(bytes_max)
                                  + " bytes without NUL");
                return {};
            }
        }
        return std::move(*items);
    }

    // One of a few words; `known` is a function from text to optional<T>.
    template <class T, class Known>
    std::optional<T> word(std::string_view field, Known known, std::string_view words) {
        auto text = get<std::string>(field);
        if (!text) return std::nullopt;
        auto value = known(std::string_view(*text));
        if (!value) refuse(field, "must be one of " + std::string(words));
        return value;
    }

    const boost::json::object* object(std::string_view field) {
        const auto* value = at(field);
        if (value == nullptr) return nullptr;
        if (!value->is_object()) {
            reject(field, "must be an object");
            return nullptr;
        }
        return &value->get_object();
    }

private:
    const boost::json::object& json_;
    const std::string path_;
    std::optional<Error> failed_;
};

}  // namespace zs::jobs
