#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs {
namespace {

TEST(Uuid, IsVersion7AndCarriesTheTime) {
    const ManualClock clock(from_unix_millis(0x0198c0de0000));
    const auto text = Uuid::next(clock).to_string();
    EXPECT_EQ(text[14], '7');
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
    EXPECT_EQ(Uuid::parse(text).value().to_string(), text);
}

TEST(Uuid, GrowsWhileTheClockStandsStill) {
    const ManualClock clock(from_unix_millis(0x0298c0de0000));
    auto last = Uuid::next(clock);
    EXPECT_EQ(last.to_string().substr(0, 13), "0298c0de-0000");
    for (int i = 0; i < 10'000; ++i) {
        const auto id = Uuid::next(clock);
        ASSERT_LT(last, id);
        last = id;
    }
}

TEST(Uuid, ParsesAnyCaseAndNothingElse) {
    EXPECT_EQ(Uuid::parse("0198C0DE-0000-7000-8000-00000000ABCD").value().to_string(),
              "0198c0de-0000-7000-8000-00000000abcd");
    for (const auto* text :
         {"", "0198c0de", "0198c0de00007000800000000000abcdxxxx",
          "0198c0de-0000-7000-8000-00000000abcg", "0198c0de-0000-7000-8000-00000000abcd "}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
}

}  // namespace
}  // namespace zs
