#include "core/data/text_index.hpp"

#include "core/data/limits.hpp"

#include <gtest/gtest.h>

namespace zs::data {
namespace {

std::string expression(std::string_view query, TextMode mode) {
    const auto made = text_expression(query, mode);
    return made ? *made : "(" + made.error().reason + ")";
}

TEST(TextExpression, WordsAreNeverOperators) {
    EXPECT_EQ(expression("storm at sea", TextMode::All), "\"storm\" AND \"at\" AND \"sea\"");
    EXPECT_EQ(expression(" storm\tsea\n", TextMode::Any), "\"storm\" OR \"sea\"");
    EXPECT_EQ(expression("at sea", TextMode::Phrase), "\"at sea\"");
    EXPECT_EQ(expression("a\" OR b*", TextMode::All), "\"a\"\"\" AND \"OR\" AND \"b*\"");
    EXPECT_EQ(expression("NEAR(a b)", TextMode::Any), "\"NEAR(a\" OR \"b)\"");
    EXPECT_EQ(expression("title : x", TextMode::All), "\"title\" AND \"x\"") << "':' is no word";
    EXPECT_EQ(expression("title : x*", TextMode::Expression), "title : x*");
    EXPECT_EQ(expression("北京", TextMode::All), "\"北京\"");
}

TEST(TextExpression, WhatHoldsNoWordIsRefused) {
    for (const char* query : {"", "  ", "!!", "- -"}) {
        EXPECT_EQ(expression(query, TextMode::All), "(invalid_text_query)") << query;
        EXPECT_EQ(expression(query, TextMode::Phrase), "(invalid_text_query)") << query;
    }
    EXPECT_EQ(expression(" ", TextMode::Expression), "(invalid_text_query)");
    EXPECT_FALSE(text_expression("a\xff", TextMode::All));
    EXPECT_FALSE(text_expression(std::string_view("a\0b", 3), TextMode::Expression));
    EXPECT_FALSE(text_expression(std::string(limits::kTextQueryBytesMax + 1, 'a'), TextMode::All));
    std::string many;
    for (std::size_t i = 0; i <= limits::kTextQueryWordsMax; ++i)
        many += "a ";
    EXPECT_FALSE(text_expression(many, TextMode::Any));
}

TEST(TextExpression, NamesOfModesAndTokenizers) {
    for (const auto mode : {TextMode::All, TextMode::Any, TextMode::Phrase, TextMode::Expression})
        EXPECT_EQ(parse_text(std::type_identity<TextMode>(), to_text(mode)).value(), mode);
    const auto wrong = parse_text(std::type_identity<TextTokenizer>(), "greek");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message, "'tokenizer' must be one of unicode, porter, trigram");
}

}  // namespace
}  // namespace zs::data
