#include "adapters/relational/postgres/values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace zs::relational::postgres {
namespace {

std::int64_t integer(const Result<Value>& value) {
    const auto* number = value ? std::get_if<std::int64_t>(&*value) : nullptr;
    EXPECT_NE(number, nullptr);
    return number == nullptr ? 0 : *number;
}
double real(const Result<Value>& value) {
    const auto* number = value ? std::get_if<double>(&*value) : nullptr;
    EXPECT_NE(number, nullptr);
    return number == nullptr ? 0 : *number;
}
std::string bytes(const Result<Value>& value) {
    const auto* raw = value ? std::get_if<Bytes>(&*value) : nullptr;
    EXPECT_NE(raw, nullptr);
    return raw == nullptr ? std::string() : raw->value;
}

TEST(DecodeText, KnowsNumbersBooleansAndBytes) {
    EXPECT_EQ(integer(decode_text(16, "t")), 1);
    EXPECT_EQ(integer(decode_text(16, "f")), 0);
    EXPECT_EQ(integer(decode_text(21, "-7")), -7);
    EXPECT_EQ(integer(decode_text(20, "-9223372036854775808")),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(real(decode_text(701, "0.1")), 0.1);
    EXPECT_TRUE(std::isinf(real(decode_text(701, "-Infinity"))));
    EXPECT_TRUE(std::isnan(real(decode_text(701, "NaN"))));
    EXPECT_EQ(bytes(decode_text(17, "\\x00ff")), std::string("\0\xff", 2));
    EXPECT_EQ(integer(decode_text(1700, "12")), 12);
    EXPECT_EQ(real(decode_text(1700, "12.50")), 12.5);
    EXPECT_EQ(real(decode_text(1700, "123456789012345678901234567890")),
              123456789012345678901234567890.);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*decode_text(2278, "")));
    EXPECT_EQ(std::get<std::string>(*decode_text(3802, "{\"a\": 1}")), "{\"a\": 1}");
}

TEST(DecodeText, RefusesWhatIsNoValue) {
    EXPECT_FALSE(decode_text(20, ""));
    EXPECT_FALSE(decode_text(20, "12x"));
    EXPECT_FALSE(decode_text(20, "99999999999999999999"));
    EXPECT_FALSE(decode_text(17, "00"));
    EXPECT_FALSE(decode_text(17, "\\x0"));
    EXPECT_FALSE(decode_text(701, "1.2.3"));
}

TEST(DecodeBinary, KnowsNumbersBooleansAndBytes) {
    EXPECT_EQ(integer(decode_binary(16, std::string_view("\x01", 1))), 1);
    EXPECT_EQ(integer(decode_binary(21, "\xff\xfe")), -2);
    EXPECT_EQ(integer(decode_binary(23, std::string_view("\x80\0\0\0", 4))), -2147483648LL);
    EXPECT_EQ(integer(decode_binary(20, "\xff\xff\xff\xff\xff\xff\xff\xff")), -1);
    EXPECT_EQ(integer(decode_binary(26, "\xff\xff\xff\xff")), 4294967295LL);
    EXPECT_EQ(real(decode_binary(701, std::string_view("\x3f\xf8\0\0\0\0\0\0", 8))), 1.5);
    EXPECT_EQ(real(decode_binary(700, std::string_view("\x3f\xc0\0\0", 4))), 1.5);
    EXPECT_EQ(bytes(decode_binary(17, std::string_view("\0a", 2))), std::string("\0a", 2));
    EXPECT_EQ(std::get<std::string>(*decode_binary(25, "text")), "text");
    EXPECT_EQ(std::get<std::string>(*decode_binary(3802, "\x01{}")), "{}");
}

TEST(DecodeBinary, RefusesTheWrongLength) {
    for (const TypeOid type : {16U, 20U, 21U, 23U, 26U, 700U, 701U}) {
        EXPECT_FALSE(decode_binary(type, "abc")) << type;
        EXPECT_FALSE(decode_binary(type, "")) << type;
    }
    EXPECT_FALSE(decode_binary(3802, ""));
    EXPECT_FALSE(decode_binary(3802, "\x02{}"));
}

TEST(Encode, GivesEachKindItsType) {
    const std::vector<Value> params{std::int64_t{-5}, 0.1, std::string("text"), Bytes{"\x01"},
                                    Value{}};
    const auto encoded = encode(params);
    ASSERT_TRUE(encoded);
    EXPECT_EQ(encoded->types, (std::vector<TypeOid>{20, 701, 0, 17, 0}));
    EXPECT_STREQ(encoded->values[0], "-5");
    EXPECT_STREQ(encoded->values[1], "0.1");
    EXPECT_STREQ(encoded->values[2], "text");
    EXPECT_EQ(encoded->lengths[3], 1);
    EXPECT_EQ(encoded->formats[3], 1);
    EXPECT_EQ(encoded->values[4], nullptr);
    EXPECT_EQ(encoded->signature, "idtbt");
}

}  // namespace
}  // namespace zs::relational::postgres
