#include "adapters/timezone/tz_database.hpp"

#include <gtest/gtest.h>

namespace zs::timezone {
namespace {

Timestamp at(const char* text) {
    return *from_rfc3339(text);
}

TEST(TzDatabase, ClocksChangeInBerlin) {
    ASSERT_TRUE(TzDatabase::check_blocking());
    const TzDatabase zones;
    const auto winter = zones.span("Europe/Berlin", at("2026-01-15T12:00:00Z"));
    const auto summer = zones.span("Europe/Berlin", at("2026-07-15T12:00:00Z"));
    ASSERT_TRUE(winter && summer);
    EXPECT_EQ(winter->offset, Seconds(3600));
    EXPECT_EQ(summer->offset, Seconds(7200));
    EXPECT_EQ(to_rfc3339(winter->end), "2026-03-29T01:00:00.000Z");
    EXPECT_EQ(winter->end, summer->begin);
    EXPECT_EQ(to_rfc3339(summer->end), "2026-10-25T01:00:00.000Z");
    // The moment of the change belongs to what begins.
    EXPECT_EQ(zones.span("Europe/Berlin", winter->end)->offset, Seconds(7200));
}

TEST(TzDatabase, OtherZones) {
    const TzDatabase zones;
    EXPECT_EQ(zones.span("America/New_York", at("2036-07-15T12:00:00Z"))->offset,
              Seconds(-4 * 3600));
    EXPECT_EQ(zones.span("UTC", at("2026-07-15T12:00:00Z"))->offset, Seconds(0));
    EXPECT_EQ(zones.span("Asia/Kolkata", at("2026-07-15T12:00:00Z"))->offset, Seconds(19'800));
}

TEST(TzDatabase, WhatIsNoZoneIsRefused) {
    const TzDatabase zones;
    for (const char* name : {"", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "europe/berlin"}) {
        const auto answer = zones.span(name, at("2026-01-15T12:00:00Z"));
        ASSERT_FALSE(answer) << name;
        EXPECT_EQ(answer.error().reason, "invalid_timezone");
    }
}

}  // namespace
}  // namespace zs::timezone
