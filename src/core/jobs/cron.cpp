#include "core/jobs/cron.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace zs::jobs {
namespace {

constexpr std::chrono::hours kChangeMax{24};    // by which clocks are put forward or back
constexpr std::chrono::days kHorizon{366 * 9};  // 29 February comes at least this often

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

struct FieldRule {
    const char* name;
    int least;
    int most;
};
constexpr std::array<FieldRule, 6> kFields{{{"second", 0, 59},
                                            {"minute", 0, 59},
                                            {"hour", 0, 23},
                                            {"day of month", 1, 31},
                                            {"month", 1, 12},
                                            {"day of week", 0, 7}}};

Error bad_cron(const std::string& rule) {
    return invalid_field("cron_expression", "'cron_expression': " + rule, "invalid_cron");
}

std::vector<std::string> split(std::string_view text, char by) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c != by) {
            parts.back() += c;
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

std::optional<int> number(const std::string& text, std::size_t field) {
    const auto named = [&](const auto& names, int first) -> std::optional<int> {
        const auto found = std::find(names.begin(), names.end(), text);
        if (found == names.end()) return std::nullopt;
        return static_cast<int>(found - names.begin()) + first;
    };
    if (field == 4) {
        if (auto month = named(kMonths, 1)) return month;
    }
    if (field == 5) {
        if (auto day = named(kWeekdays, 0)) return day;
    }
    int value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// One entry of a list: *, a, a-b, each with /step. Sets the bits of what it means.
template <std::size_t N>
bool put_entry(const std::string& entry, std::size_t field, std::bitset<N>& bits) {
    const FieldRule& rule = kFields[field];
    const auto stepped = split(entry, '/');
    if (stepped.size() > 2 || stepped[0].empty()) return false;
    int step = 1;
    if (stepped.size() == 2) {
        const auto given = number(stepped[1], 0);
        if (!given || *given < 1 || *given > rule.most) return false;
        step = *given;
    }
    int from = rule.least;
    int to = field == 5 ? 6 : rule.most;
    if (stepped[0] != "*") {
        const auto range = split(stepped[0], '-');
        const auto begin = number(range[0], field);
        if (!begin || range.size() > 2) return false;
        from = *begin;
        to = stepped.size() == 2 && range.size() == 1 ? to : *begin;
        if (range.size() == 2) {
            const auto end = number(range[1], field);
            if (!end) return false;
            to = *end;
        }
    }
    if (from < rule.least || to > rule.most || from > to) return false;
    for (int value = from; value <= to; value += step)
        bits.set(static_cast<std::size_t>(value));
    return true;
}

template <std::size_t N>
Result<void> put_field(const std::string& text, std::size_t field, std::bitset<N>& bits) {
    for (const auto& entry : split(text, ',')) {
        if (put_entry(entry, field, bits)) continue;
        const FieldRule& rule = kFields[field];
        return bad_cron("the field '" + std::string(rule.name) + "' is '" + text
                        + "'; it takes *, numbers from " + std::to_string(rule.least) + " to "
                        + std::to_string(rule.most) + ", lists, ranges and steps");
    }
    return {};
}

std::string spelled_out(std::string_view text) {
    if (text == "@hourly") return "0 * * * *";
    if (text == "@daily" || text == "@midnight") return "0 0 * * *";
    if (text == "@weekly") return "0 0 * * 0";
    if (text == "@monthly") return "0 0 1 * *";
    if (text == "@yearly" || text == "@annually") return "0 0 1 1 *";
    return std::string(text);
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
    const std::string plain = spelled_out(to_lower(trim(text)));
    std::vector<std::string> fields;
    for (auto& part : split(plain, ' ')) {
        if (!part.empty()) fields.push_back(std::move(part));
    }
    if (fields.size() == 5) fields.insert(fields.begin(), "0");
    if (fields.size() != 6) {
        return bad_cron(
            "must have 5 fields, 6 with leading seconds, or be @hourly, @daily, "
            "@weekly, @monthly or @yearly");
    }
    Cron cron;
    const Result<void> all[] = {
        put_field(fields[0], 0, cron.seconds_), put_field(fields[1], 1, cron.minutes_),
        put_field(fields[2], 2, cron.hours_),   put_field(fields[3], 3, cron.days_),
        put_field(fields[4], 4, cron.months_),  put_field(fields[5], 5, cron.weekdays_)};
    for (const auto& one : all) {
        if (!one) return one.error();
    }
    if (cron.weekdays_.test(7)) cron.weekdays_.set(0);
    cron.any_day_ = fields[3].starts_with('*');
    cron.any_weekday_ = fields[5].starts_with('*');
    cron.elapsed_hours_ = fields[2] == "*" || fields[2].find('/') != std::string::npos;
    return cron;
}

bool Cron::matches_day(std::chrono::local_days day) const {
    const std::chrono::year_month_day date(day);
    if (!months_.test(static_cast<unsigned>(date.month()))) return false;
    const bool by_date = days_.test(static_cast<unsigned>(date.day()));
    const bool by_weekday = weekdays_.test(std::chrono::weekday(day).c_encoding());
    if (any_day_ || any_weekday_) return by_date && by_weekday;
    return by_date || by_weekday;
}

std::optional<Cron::Local> Cron::next_local(Local from, Local until) const {
    auto day = std::chrono::floor<std::chrono::days>(from);
    auto rest = from - day;
    for (; Local(day) <= until; day += std::chrono::days(1), rest = Seconds(0)) {
        if (!matches_day(day)) continue;
        const auto second_of_day = rest.count();
        for (auto hour = second_of_day / 3600; hour < 24; ++hour) {
            if (!hours_.test(static_cast<std::size_t>(hour))) continue;
            const auto in_hour = std::max<std::int64_t>(0, second_of_day - hour * 3600);
            for (auto minute = in_hour / 60; minute < 60; ++minute) {
                if (!minutes_.test(static_cast<std::size_t>(minute))) continue;
                const auto first = std::max<std::int64_t>(0, in_hour - minute * 60);
                for (auto second = first; second < 60; ++second) {
                    if (!seconds_.test(static_cast<std::size_t>(second))) continue;
                    const Local at = Local(day) + Seconds(hour * 3600 + minute * 60 + second);
                    if (at > until) return std::nullopt;
                    return at;
                }
            }
        }
    }
    return std::nullopt;
}

// Walks through the stretches of equal offset. In each, local times map to instants one to one.
Result<std::optional<Timestamp>> Cron::next(const TimeZones& zones, std::string_view zone,
                                            Timestamp after) const {
    const Timestamp last = after + kHorizon;
    auto span = zones.span(zone, after);
    if (!span) return span.error();
    const auto local = [](Timestamp at, Seconds offset) {
        return Local(std::chrono::floor<Seconds>(at.time_since_epoch()) + offset);
    };
    Local from = local(after, span->offset) + Seconds(1);
    // With fixed hours, what the clocks showed before is not due again when they go back; they may
    // have gone back a moment ago.
    if (!elapsed_hours_ && span->begin > after - kChangeMax) {
        const auto before = zones.span(zone, span->begin - Millis(1));
        if (!before) return before.error();
        from = std::max(from, local(span->begin, before->offset));
    }
    Local shown = from;
    while (true) {
        const Timestamp end = std::min(span->end, last);
        const Local until = local(end, span->offset) - Seconds(1);
        if (const auto at = next_local(from, until)) {
            return std::optional<Timestamp>(
                Timestamp(Millis((at->time_since_epoch() - span->offset))));
        }
        if (span->end >= last) return std::optional<Timestamp>();
        const Timestamp change = span->end;
        shown = std::max(shown, until + Seconds(1));
        auto following = zones.span(zone, change);
        if (!following) return following.error();
        const Local begins = local(change, following->offset);
        if (!elapsed_hours_ && begins > shown && next_local(shown, begins - Seconds(1))) {
            // Left out by the clocks: due at the end of the gap.
            return std::optional<Timestamp>(change);
        }
        from = elapsed_hours_ ? begins : std::max(begins, shown);
        span = std::move(following);
    }
}

}  // namespace zs::jobs
