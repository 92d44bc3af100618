#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs {
namespace {

TEST(Encoding, HexRoundTripsAndRefusesJunk) {
    EXPECT_EQ(to_hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
    EXPECT_EQ(from_hex("00FF1a").value(), std::string("\x00\xff\x1a", 3));
    EXPECT_FALSE(from_hex("abc"));
    EXPECT_FALSE(from_hex("zz"));
}

TEST(Encoding, Base64MatchesRfc4648) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("f"), "Zg==");
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    EXPECT_FALSE(from_base64("Zg=a"));
    EXPECT_FALSE(from_base64("A"));
    EXPECT_FALSE(from_base64("Zh=="));  // stray bits
    EXPECT_FALSE(from_base64url("Zg=="));
}

TEST(Encoding, Base64RoundTripsRandomBytes) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        std::string bytes(random() % 64, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random());
        EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
        EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
        EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    }
}

TEST(Encoding, Base62CountsAndPads) {
    EXPECT_EQ(to_base62(std::string_view("\x00", 1), 3), "000");
    EXPECT_EQ(to_base62("\x3e", 2), "10");
    EXPECT_EQ(to_base62(std::string(32, '\xff'), 43).size(), 43U);
}

TEST(Encoding, Utf8IsStrict) {
    EXPECT_TRUE(is_utf8("Grüße 世界 🎉"));
    EXPECT_FALSE(is_utf8("\xc0\x80"));          // overlong
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
    EXPECT_FALSE(is_utf8("\xe4\xb8"));          // cut
}

TEST(Encoding, AsciiHelpers) {
    EXPECT_EQ(to_lower("Content-TYPE"), "content-type");
    EXPECT_TRUE(equals_ignoring_case("BeArEr", "bearer"));
    EXPECT_FALSE(equals_ignoring_case("bear", "bearer"));
    EXPECT_EQ(trim("  a b\t\n"), "a b");
    EXPECT_EQ(trim(" \t"), "");
}

}  // namespace
}  // namespace zs
