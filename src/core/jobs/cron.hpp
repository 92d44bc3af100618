#pragma once

#include "core/jobs/time_zones.hpp"

#include <array>
#include <bitset>
#include <optional>
#include <string_view>

namespace zs::jobs {

// When something is due: five fields (minute hour day month weekday), or six with leading seconds,
// or @hourly @daily @weekly @monthly @yearly. `*`, lists, ranges, steps, names; 0 and 7 are Sunday;
// when both day fields are restricted, either matches. Source: workflows.md section 5.6.
class Cron {
public:
    // Errors: InvalidArgument "invalid_cron", naming the field.
    static Result<Cron> parse(std::string_view text);

    // The first due time behind `after`; nullopt when there is none within some years, as for 30
    // February. A local time that the clocks leave out is due at the end of the gap; one that they
    // show twice, the first time. With an hour field of `*` or a step, every hour that passes
    // counts.
    // Errors: those of `zones`.
    Result<std::optional<Timestamp>> next(const TimeZones& zones, std::string_view zone,
                                          Timestamp after) const;

private:
    using Local = std::chrono::local_time<Seconds>;
    bool matches_day(std::chrono::local_days day) const;
    // The first matching local time that is not before `from`, at most `until`.
    std::optional<Local> next_local(Local from, Local until) const;

    std::bitset<60> seconds_;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<8> weekdays_;
    bool any_day_ = true;
    bool any_weekday_ = true;
    bool elapsed_hours_ = true;
};

}  // namespace zs::jobs
