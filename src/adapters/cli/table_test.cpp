#include "adapters/cli/table.hpp"

#include "adapters/cli/text_width.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace zs::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("Ädä"), 3U);
    EXPECT_EQ(display_width("A\u0308"), 1U);  // A with a combining diaeresis
    EXPECT_EQ(display_width("日本語"), 6U);
    EXPECT_EQ(display_width("한국"), 4U);
    EXPECT_EQ(display_width("ｱ"), 1U);                   // half-width
    EXPECT_EQ(display_width("👩‍👩‍👧"), 2U);  // joined to one picture
    EXPECT_EQ(display_width("👍🏽"), 2U);            // with a skin tone
    EXPECT_EQ(display_width("❤️"), 2U);              // emoji presentation
    EXPECT_EQ(display_width("❤"), 1U);
    EXPECT_EQ(display_width("🇩🇪"), 2U);
    EXPECT_EQ(display_width("🇩🇪🇫🇷"), 4U);
    EXPECT_EQ(display_width("\xff\xfe"), 2U);  // two replacement characters
}

TEST(Printable, NeverTalksToTheTerminal) {
    EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\r");
    EXPECT_EQ(printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
    EXPECT_EQ(printable("\u009b31m"), "\\x9b31m");
    EXPECT_EQ(printable("a\u202Eb"), "a\\u202eb");
    EXPECT_EQ(printable("\xff"), "\uFFFD");
    EXPECT_EQ(printable("Zürich 日本"), "Zürich 日本");
    EXPECT_EQ(printable_lines("a\nb\x1b"), "a\nb\\x1b");
}

TEST(CutToWidth, KeepsWholeCharacters) {
    EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
    EXPECT_EQ(cut_to_width("abcdef", 5), "abcd…");
    EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
    EXPECT_EQ(cut_to_width("日本語", 4), "日…");
    EXPECT_EQ(cut_to_width("abc", 1), "…");
    EXPECT_EQ(cut_to_width("abc", 0), "");
    EXPECT_EQ(display_width(cut_to_width("👩‍👩‍👧👩‍👩‍👧", 3)), 3U);
}

const std::vector<TableColumn> kColumns{{"id", Align::Right}, {"name", Align::Left}};

TEST(RenderTable, AlignsByDisplayWidth) {
    EXPECT_EQ(render_table(kColumns, {{"1", "Ada"}, {"20", "日本"}, {"3", std::nullopt}}, {}),
              " id | name\n"
              "----+------\n"
              "  1 | Ada\n"
              " 20 | 日本\n"
              "  3 | NULL\n");
}

TEST(RenderTable, NullIsToldFromTheTextNull) {
    EXPECT_EQ(render_table({{"a"}}, {{std::nullopt}, {"NULL"}, {""}}, {}),
              " a\n--------\n NULL\n 'NULL'\n\n");
}

TEST(RenderTable, ColorsOnlyWhenAsked) {
    const auto plain = render_table(kColumns, {{"1", std::nullopt}}, {});
    const auto colored = render_table(kColumns, {{"1", std::nullopt}}, {.color = true});
    EXPECT_EQ(plain.find('\x1b'), std::string::npos);
    EXPECT_NE(colored.find("\x1b[2mNULL\x1b[0m"), std::string::npos);
}

TEST(RenderTable, CutsTheWidestColumnToTheTerminal) {
    const TableStyle narrow{.color = false, .width_max = 24};
    const auto text =
        render_table({{"id", Align::Right}, {"t"}}, {{"1", std::string(50, 'x')}}, narrow);
    EXPECT_EQ(text,
              " id | t\n"
              "----+-------------------\n"
              "  1 | xxxxxxxxxxxxxxxx…\n");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(display_width(line), 24U);
}

TEST(RenderTable, ShowsRecordsWhenColumnsCannotFit) {
    const TableStyle tiny{.color = false, .width_max = 20};
    const std::string wide(12, 'w');
    EXPECT_EQ(render_table({{"a"}, {"bb"}, {"c"}}, {{wide, wide, std::nullopt}}, tiny),
              "-[ row 1 ]-\n"
              " a  | wwwwwwwwwwww\n"
              " bb | wwwwwwwwwwww\n"
              " c  | NULL\n");
}

TEST(RenderTable, EveryWidthIsRespectedOrGivenUp) {
    const std::vector<TableColumn> columns{{"first"}, {"second"}, {"third"}};
    const std::vector<TableRow> rows{
        {std::string(9, 'a'), std::string(40, 'b'), std::string(17, 'c')}};
    for (std::size_t width = 1; width < 90; ++width) {
        const auto text = render_table(columns, rows, {.color = false, .width_max = width});
        if (text.starts_with("-[")) continue;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            ASSERT_LE(display_width(line), width) << text;
        }
    }
}

TEST(RenderTable, NoColumnsIsNothing) {
    EXPECT_EQ(render_table({}, {}, {}), "");
}

}  // namespace
}  // namespace zs::cli
