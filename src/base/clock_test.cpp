#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace zs {
namespace {

TEST(Clock, WritesRfc3339WithMilliseconds) {
    EXPECT_EQ(to_rfc3339(from_unix_millis(1'768'473'000'007)), "2026-01-15T10:30:00.007Z");
    EXPECT_EQ(to_rfc3339(from_unix_millis(0)), "1970-01-01T00:00:00.000Z");
}

TEST(Clock, ReadsAnyOffset) {
    const auto expected = from_unix_millis(1'768'473'000'500);
    EXPECT_EQ(from_rfc3339("2026-01-15T10:30:00.5Z").value(), expected);
    EXPECT_EQ(from_rfc3339("2026-01-15t12:30:00.500999+02:00").value(), expected);
    EXPECT_EQ(from_rfc3339("2026-01-15 05:00:00.5-05:30").value(), expected);
}

TEST(Clock, RefusesWhatIsNoTime) {
    for (const auto* text : {"", "2026-01-15", "2026-02-30T00:00:00Z", "2026-01-15T24:00:00Z",
                             "2026-01-15T10:30:00", "2026-01-15T10:30:00.Z", "-026-01-15T10:30:00Z",
                             "2026-01-15T10:30:00Zx", "2026-01-15T10:30:00+2:00"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace zs
