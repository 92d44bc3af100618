#include "adapters/timezone/tz_database.hpp"

#include <date/tz.h>
#include <exception>
#include <string>

namespace zs::timezone {
namespace {

constexpr Timestamp kBegin{Millis(-62'135'596'800'000)};  // year 1
constexpr Timestamp kEnd{Millis(253'402'300'799'000)};    // year 9999

jobs::ZoneSpan utc() {
    return {Seconds(0), kBegin, kEnd};
}

Timestamp clamp(date::sys_seconds at) {
    const auto seconds = at.time_since_epoch().count();
    if (seconds < kBegin.time_since_epoch().count() / 1000) return kBegin;
    if (seconds > kEnd.time_since_epoch().count() / 1000) return kEnd;
    return Timestamp(Millis(seconds * 1000));
}

bool is_zone_name(std::string_view text) {
    if (text.empty() || text.size() > 64 || text.front() == '/') return false;
    return text.find("..") == std::string_view::npos && text.find('\0') == std::string_view::npos;
}

}  // namespace

Result<void> TzDatabase::check_blocking() {
    try {
        date::get_tzdb();
        return {};
    } catch (const std::exception& failed) {
        return unavailable(std::string("the time zones cannot be read: ") + failed.what());
    }
}

Result<jobs::ZoneSpan> TzDatabase::span(std::string_view zone, Timestamp at) const {
    if (zone == "UTC" || zone == "Etc/UTC" || zone == "Z") return utc();
    const auto unknown = [zone] {
        return invalid_field(
            "timezone",
            "'timezone' is a name such as Europe/Berlin; there is no '" + std::string(zone) + "'",
            "invalid_timezone");
    };
    if (!is_zone_name(zone)) return unknown();
    try {
        const auto* found = date::locate_zone(std::string(zone));
        const auto info = found->get_info(std::chrono::floor<std::chrono::seconds>(at));
        return jobs::ZoneSpan{info.offset, clamp(info.begin), clamp(info.end)};
    } catch (const std::exception&) {
        return unknown();
    }
}

}  // namespace zs::timezone
