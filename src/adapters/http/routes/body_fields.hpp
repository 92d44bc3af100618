#pragma once

#include "base/json_codec.hpp"
#include "core/data/sql_value.hpp"
#include "vector/metric.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The fields of JSON bodies that several endpoints have. Errors: Unprocessable for a missing field
// or a wrong type, InvalidArgument for a value that cannot be; both name the field.
namespace zs::http {

Result<const boost::json::object*> as_object(const boost::json::value& body,
                                             const std::string& path = {});

template <class T>
Result<T> required(const boost::json::object& body, const char* name) {
    const auto* value = body.if_contains(name);
    if (value == nullptr) return unprocessable("'" + std::string(name) + "' is missing", name);
    return decode_json<T>(*value, name);
}

// Leaves `out` as it is when the field is missing or null.
template <class T>
Result<void> read_optional(const boost::json::object& body, const char* name, T& out) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    auto decoded = decode_json<T>(*value, name);
    if (!decoded) return std::move(decoded).error();
    out = std::move(*decoded);
    return {};
}

// A count from 1 on; leaves `out` as it is when the field is missing or null.
Result<void> read_count(const boost::json::object& body, const char* name, std::size_t& out);
// `metric`; likewise.
Result<void> read_metric(const boost::json::object& body, vector::Metric& out);
// Numbers, added to `out`. A tree of a million values is walked without a path per value.
Result<void> append_vector(const boost::json::value& value, const std::string& path,
                           std::vector<float>& out);
// `filter`, an SQL expression, and `filter_params`, the values for its parameters.
Result<void> read_filter(const boost::json::object& body, std::optional<std::string>& filter,
                         std::vector<data::SqlValue>& params);

}  // namespace zs::http
