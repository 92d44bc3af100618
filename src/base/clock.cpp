#include "base/clock.hpp"

#include <fmt/format.h>

#include <charconv>

namespace zs {
namespace {

// Reads exactly `count` digits at the front of `text` and removes them.
bool take_digits(std::string_view& text, std::size_t count, int& value) {
    if (text.size() < count) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
    if (error != std::errc{} || end != text.data() + count || text[0] == '-') return false;
    text.remove_prefix(count);
    return true;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

bool take_fraction(std::string_view& text, int& millis) {
    if (!take(text, ".")) return true;
    int digits = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        if (digits < 3) millis = millis * 10 + (text[0] - '0');
        ++digits;
        text.remove_prefix(1);
    }
    for (int i = digits; i < 3; ++i)
        millis *= 10;
    return digits >= 1 && digits <= 9;
}

bool take_offset(std::string_view& text, std::chrono::minutes& offset) {
    if (take(text, "Zz")) return true;
    const bool west = text.starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!take(text, "+-") || !take_digits(text, 2, hours) || !take(text, ":")
        || !take_digits(text, 2, minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    offset = std::chrono::minutes((west ? -1 : 1) * (hours * 60 + minutes));
    return true;
}

}  // namespace

Timestamp SystemClock::now() const {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) {
        return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year,
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                           clock.subseconds().count());
    }
    // By hand, because every event and every row of an answer has some.
    std::string text = "0000-00-00T00:00:00.000Z";
    const auto put = [&text](std::size_t last, auto number) {
        auto rest = static_cast<unsigned>(number);
        for (; rest > 0; rest /= 10)
            text[last--] = static_cast<char>('0' + rest % 10);
    };
    put(3, year);
    put(6, static_cast<unsigned>(date.month()));
    put(9, static_cast<unsigned>(date.day()));
    put(12, clock.hours().count());
    put(15, clock.minutes().count());
    put(18, clock.seconds().count());
    put(22, clock.subseconds().count());
    return text;
}

Result<Timestamp> from_rfc3339(std::string_view text) {
    const std::string_view whole = text;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0;
    std::chrono::minutes offset{0};
    const bool shape = take_digits(text, 4, year) && take(text, "-") && take_digits(text, 2, month)
                       && take(text, "-") && take_digits(text, 2, day) && take(text, "Tt ")
                       && take_digits(text, 2, hour) && take(text, ":")
                       && take_digits(text, 2, minute) && take(text, ":")
                       && take_digits(text, 2, second) && take_fraction(text, millis)
                       && take_offset(text, offset) && text.empty();
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!shape || !date.ok() || hour > 23 || minute > 59 || second > 60) {
        return invalid_argument("'" + std::string(whole.substr(0, 40))
                                + "' is not an RFC 3339 time such as 2026-01-15T10:30:00.000Z");
    }
    return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour)
           + std::chrono::minutes(minute) + Seconds(second) + Millis(millis) - offset;
}

}  // namespace zs
