#pragma once

#include "core/jobs/time_zones.hpp"

namespace zs::timezone {

// The IANA time zones that the operating system has (/usr/share/zoneinfo), read once.
// Threading: any.
class TzDatabase final : public jobs::TimeZones {
public:
    // Errors: Unavailable when the system has none. "UTC" is known in any case.
    static Result<void> check_blocking();
    Result<jobs::ZoneSpan> span(std::string_view zone, Timestamp at) const override;
};

}  // namespace zs::timezone
