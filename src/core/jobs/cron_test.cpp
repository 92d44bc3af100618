#include "core/jobs/cron.hpp"

#include "core/jobs/two_zones.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zs::jobs {
namespace {

Timestamp at(const char* text) {
    return *from_rfc3339(text);
}

std::string next(const char* cron, const char* after, const char* zone = "UTC") {
    const auto parsed = Cron::parse(cron);
    if (!parsed) return parsed.error().reason;
    const auto due = parsed->next(TwoZones(), zone, at(after));
    if (!due) return due.error().reason;
    return *due ? to_rfc3339(**due).substr(0, 19) : "never";
}

TEST(CronExpression, MeansWhatItSays) {
    struct Case {
        const char* cron;
        const char* after;
        const char* due;
    };
    const Case kCases[] = {
        {"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00"},
        {"* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00"},
        {"*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00"},
        {"5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00"},
        {"0 9-17/4 * * *", "2026-01-01T10:00:00Z", "2026-01-01T13:00:00"},
        {"30 8 * * 1-5", "2026-01-02T09:00:00Z", "2026-01-05T08:30:00"},
        {"30 8 * * mon,wed", "2026-01-05T09:00:00Z", "2026-01-07T08:30:00"},
        {"0 0 1 * *", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00"},
        {"0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00"},
        {"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00"},
        {"0 0 30 2 *", "2026-01-01T00:00:00Z", "never"},
        {"0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00"},
        {"0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00"},
        {"0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00"},
        {"0 12 1 jan,JUL *", "2026-01-02T00:00:00Z", "2026-07-01T12:00:00"},
        {"*/10 * * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:00:10"},
        {"15 30 6 * * *", "2026-01-01T06:30:15Z", "2026-01-02T06:30:15"},
        {"@hourly", "2026-01-01T00:10:00Z", "2026-01-01T01:00:00"},
        {"@daily", "2026-01-01T00:10:00Z", "2026-01-02T00:00:00"},
        {"@weekly", "2026-01-01T00:10:00Z", "2026-01-04T00:00:00"},
        {"@monthly", "2026-01-01T00:10:00Z", "2026-02-01T00:00:00"},
        {"@yearly", "2026-01-01T00:10:00Z", "2027-01-01T00:00:00"},
        {"  0   0  *  *  * ", "2026-01-01T00:10:00Z", "2026-01-02T00:00:00"},
    };
    for (const auto& c : kCases)
        EXPECT_EQ(next(c.cron, c.after), c.due) << c.cron << " after " << c.after;
}

TEST(CronExpression, NonsenseIsRefused) {
    for (const char* cron : {"", "*", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *",
                             "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
                             "*/0 * * * *", "a * * * *", "1,,2 * * * *", "@never", "-1 * * * *"}) {
        EXPECT_EQ(next(cron, "2026-01-01T00:00:00Z"), "invalid_cron") << cron;
    }
    EXPECT_EQ(next("* * * * *", "2026-01-01T00:00:00Z", "Mars/Base"), "invalid_timezone");
}

std::vector<std::string> due(const char* cron, const char* after, int count) {
    std::vector<std::string> times;
    std::string from = after;
    for (int i = 0; i < count; ++i) {
        times.push_back(next(cron, from.c_str(), "Europe/Berlin"));
        from = times.back() + "Z";
    }
    return times;
}

using Times = std::vector<std::string>;

TEST(CronExpression, ATimeThatTheClocksLeaveOutIsDueAtTheEndOfTheGap) {
    EXPECT_EQ(due("30 2 * * *", "2026-03-27T12:00:00Z", 3),
              (Times{"2026-03-28T01:30:00", "2026-03-29T01:00:00", "2026-03-30T00:30:00"}));
    EXPECT_EQ(due("0,30 2 * * *", "2026-03-28T12:00:00Z", 2),
              (Times{"2026-03-29T01:00:00", "2026-03-30T00:00:00"}))
        << "once, not for each";
}

TEST(CronExpression, ATimeThatComesTwiceIsDueTheFirstTime) {
    EXPECT_EQ(due("30 2 * * *", "2026-10-24T12:00:00Z", 2),
              (Times{"2026-10-25T00:30:00", "2026-10-26T01:30:00"}));
    // Asked while the clocks show the hour again.
    for (const char* after : {"2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z",
                              "2026-10-25T01:29:00Z", "2026-10-25T01:45:00Z"}) {
        EXPECT_EQ(due("30 2 * * *", after, 1), (Times{"2026-10-26T01:30:00"})) << after;
        EXPECT_EQ(due("15 3 * * *", after, 1), (Times{"2026-10-25T02:15:00"})) << after;
    }
}

TEST(CronExpression, HoursThatPassCountForStars) {
    EXPECT_EQ(due("30 * * * *", "2026-10-24T23:45:00Z", 4),
              (Times{"2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T02:30:00",
                     "2026-10-25T03:30:00"}));
    EXPECT_EQ(due("0 */2 * * *", "2026-03-28T23:30:00Z", 2),
              (Times{"2026-03-29T02:00:00", "2026-03-29T04:00:00"}));
    EXPECT_EQ(due("*/30 * * * *", "2026-03-29T00:30:00Z", 2),
              (Times{"2026-03-29T01:00:00", "2026-03-29T01:30:00"}));
}

}  // namespace
}  // namespace zs::jobs
