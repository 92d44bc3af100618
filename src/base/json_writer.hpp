#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace zs {

// `value` as JSON text without spaces. Numbers are written as people write them: the shortest
// digits that read back as the same double (4.01, not 4.01E0), whole doubles with ".0", integers
// with all their digits.
std::string write_json(const boost::json::value& value);
// The same behind what `out` holds.
void append_json(std::string& out, const boost::json::value& value);
void append_json(std::string& out, const boost::json::object& object);

}  // namespace zs
