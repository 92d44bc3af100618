#pragma once

#include <boost/json/value.hpp>

namespace zs::data {

// What `patch` makes of `target`: null removes, objects are merged, everything else replaces.
// Source: RFC 7396.
void merge_patch(boost::json::value& target, const boost::json::value& patch);

}  // namespace zs::data
