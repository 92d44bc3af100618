#include "vector/text.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

namespace zs::vector {
namespace {

std::string json_of(const std::vector<float>& numbers) {
    std::string bytes(numbers.size() * sizeof(float), '\0');
    if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
    std::string out;
    append_json(out, bytes);
    return out;
}

TEST(VectorText, Reads) {
    EXPECT_EQ(*parse_json("[1,2.5,-3e2]", 8), (std::vector<float>{1, 2.5F, -300}));
    EXPECT_EQ(*parse_json(" [ 1 ,\n\t2 ] ", 8), (std::vector<float>{1, 2}));
    EXPECT_EQ(*parse_json("[1e-400]", 8), (std::vector<float>{0}));
}

TEST(VectorText, SaysWhichElementIsWrong) {
    for (const auto* text : {"", "  ", "1", "{}", "null", "[", "x[1]"})
        EXPECT_EQ(parse_json(text, 8).error().reason, "not_a_vector") << text;
    for (const auto* text :
         {"[]",       "[1,]",    "[1,,2]", "[nan]", "[NaN]", "[inf]", "[-Infinity]", "[1,\"2\"]",
          "[1,null]", "[1,[2]]", "[+1]",   "[.5]",  "[1.]",  "[1e]",  "[0x10]",      "[1e39]",
          "[-1e400]", "[1 2]",   "[1",     "[1]]",  "[1] 2", "[1,2}", "[true]",      "[1,2"}) {
        const auto read = parse_json(text, 8);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().reason, "not_a_vector") << text;
        EXPECT_TRUE(read.error().details.contains("element")) << text;
    }
    EXPECT_EQ(parse_json("[1,2,[3]]", 8).error().details.at("element"), 2);
    EXPECT_EQ(parse_json("[1,2,3]", 2).error().reason, "dimension_too_large");
}

TEST(VectorText, WritesTheShortestDigits) {
    EXPECT_EQ(json_of({1, 0.1F, -2.5F, 1e30F}), "[1,0.1,-2.5,1e+30]");
    EXPECT_EQ(json_of({}), "[]");
    EXPECT_EQ(json_of({std::numeric_limits<float>::quiet_NaN(), 1}), "[null,1]");
}

TEST(VectorText, ComesBackTheSame) {
    const auto seed = std::random_device{}();
    std::mt19937 engine(seed);
    std::uniform_int_distribution<std::uint32_t> bits;
    std::vector<float> numbers;
    while (numbers.size() < 5000) {
        const std::uint32_t drawn = bits(engine);
        float number = 0;
        std::memcpy(&number, &drawn, sizeof(number));
        if (number - number == 0) numbers.push_back(number);
    }
    EXPECT_EQ(*parse_json(json_of(numbers), 5000), numbers) << "seed " << seed;
}

}  // namespace
}  // namespace zs::vector
