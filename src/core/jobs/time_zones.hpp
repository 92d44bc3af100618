#pragma once

#include "base/clock.hpp"

#include <string_view>

namespace zs::jobs {

// A stretch of time in which a zone's clocks differ from UTC by the same: begin ≤ t < end.
struct ZoneSpan {
    Seconds offset{0};  // local time = UTC + offset
    Timestamp begin;
    Timestamp end;
};

// What the clocks of the world show. Source: the IANA time zone database.
// Threading: any.
class TimeZones {
public:
    virtual ~TimeZones() = default;
    // Errors: InvalidArgument "invalid_timezone".
    virtual Result<ZoneSpan> span(std::string_view zone, Timestamp at) const = 0;
};

}  // namespace zs::jobs
