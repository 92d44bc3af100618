#pragma once

#include "core/jobs/time_zones.hpp"

#include <string_view>

namespace zs::jobs {

// UTC, and Berlin in 2026: from 02:00 to 03:00 on 29 March, from 03:00 back to 02:00 on 25 October.
// For tests.
class TwoZones final : public TimeZones {
public:
    Result<ZoneSpan> span(std::string_view zone, Timestamp when) const override {
        const Timestamp spring = *from_rfc3339("2026-03-29T01:00:00Z");
        const Timestamp autumn = *from_rfc3339("2026-10-25T01:00:00Z");
        const Timestamp begin = *from_rfc3339("1970-01-01T00:00:00Z");
        const Timestamp end = *from_rfc3339("2200-01-01T00:00:00Z");
        if (zone == "UTC") return ZoneSpan{Seconds(0), begin, end};
        if (zone != "Europe/Berlin") return invalid_argument("no such zone", "invalid_timezone");
        if (when < spring) return ZoneSpan{Seconds(3600), begin, spring};
        if (when < autumn) return ZoneSpan{Seconds(7200), spring, autumn};
        return ZoneSpan{Seconds(3600), autumn, end};
    }
};

}  // namespace zs::jobs
