#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

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

TEST(Uuid, IsOrderedAsItsText) {
    std::vector<Uuid> ids{Uuid()};
    for (int byte = 0; byte < 16; ++byte) {
        std::string digits(32, '7');
        for (const char digit : {'0', '8', 'f'}) {
            digits[static_cast<std::size_t>(2 * byte)] = digit;
            std::string text = digits;
            for (const std::size_t hyphen : {8U, 13U, 18U, 23U})
                text.insert(hyphen, 1, '-');
            ids.push_back(Uuid::parse(text).value());
        }
    }
    for (const auto& a : ids) {
        for (const auto& b : ids) {
            EXPECT_EQ(a < b, a.to_string() < b.to_string()) << a.to_string() << b.to_string();
            EXPECT_EQ(a == b, a.to_string() == b.to_string()) << a.to_string() << b.to_string();
            EXPECT_TRUE(a != b || a.hash() == b.hash()) << a.to_string();
        }
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
