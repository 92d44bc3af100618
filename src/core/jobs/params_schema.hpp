#pragma once

#include "base/error.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace zs::jobs {

// A part of JSON Schema (2020-12) that is enough for parameters: type (one or several), enum,
// const, minimum, maximum, minLength, maxLength, items, minItems, maxItems, properties, required,
// additionalProperties (true or false), default of properties, title, description, examples. Any
// other keyword is refused when the schema is read, never ignored.
// Errors: InvalidArgument "invalid_schema", naming the place.
Result<void> check_schema(const boost::json::object& schema, const std::string& path = "");

// Errors: Unprocessable "missing_param", "invalid_param", naming the parameter.
Result<void> check_value(const boost::json::object& schema, const boost::json::value& value,
                         const std::string& path);

// The properties' defaults for what is absent.
void put_defaults(const boost::json::object& schema, boost::json::object& params);

}  // namespace zs::jobs
