#include "adapters/cli/exported_text.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace zs::cli {
namespace {

constexpr std::string_view kHead = "_id,_ts,doc\r\n";
constexpr std::string_view kCsv =
    "a,t,1\r\n"
    "\"b,\"\"x\r\ny\",t,\"line\r\n\"\"two\"\"\"\r\n"
    "c,t,3\r\n";

TEST(ExportedText, EverySplitGivesTheSameOutput) {
    for (const std::string_view format : {"ndjson", "csv"}) {
        const std::string text = format == "csv" ? std::string(kHead) + std::string(kCsv)
                                                 : "{\"_id\":\"x\"}\n{\"_id\":7}\n";
        for (std::size_t at = 0; at <= text.size(); ++at) {
            std::ostringstream out;
            const auto exported = make_exported_text(format, out);
            ASSERT_TRUE(exported->add(text.substr(0, at)));
            ASSERT_TRUE(exported->add(text.substr(at)));
            exported->finish();
            EXPECT_EQ(out.str(), text) << "cut at " << at;
            EXPECT_EQ(exported->last_id(), format == "csv" ? "c" : "7");
            EXPECT_EQ(exported->written(), text.size());
        }
    }
}

// The server is asked for what comes behind last_id(), and sends the head of a table again.
TEST(ExportedText, ACutTableGoesOnBehindTheLastWholeRow) {
    const std::string rows[] = {std::string(kCsv.substr(0, 7)),
                                std::string(kCsv.substr(7, kCsv.size() - 14)),
                                std::string(kCsv.substr(kCsv.size() - 7))};
    const std::string ids[] = {"", "a", "b,\"x\r\ny", "c"};
    const std::string whole = std::string(kHead) + std::string(kCsv);
    for (std::size_t at = 0; at <= whole.size(); ++at) {
        std::ostringstream out;
        const auto exported = make_exported_text("csv", out);
        ASSERT_TRUE(exported->add(whole.substr(0, at)));
        const std::string id = exported->last_id();
        std::string rest;
        bool known = false;
        for (std::size_t i = 0; i < 4; ++i) {
            if (known) rest += rows[i - 1];
            known = known || ids[i] == id;
        }
        ASSERT_TRUE(known) << "'" << id << "' cut at " << at;
        exported->begin_again();
        ASSERT_TRUE(exported->add(std::string(kHead) + rest));
        exported->finish();
        EXPECT_EQ(out.str(), whole) << "cut at " << at;
    }
}

TEST(ExportedText, LinesGoOnBehindTheLastWholeOne) {
    std::ostringstream out;
    const auto exported = make_exported_text("ndjson", out);
    ASSERT_TRUE(exported->add("{\"_id\":\"x\"}\n{\"_id\":\"y"));
    EXPECT_EQ(exported->last_id(), "x");
    exported->begin_again();
    ASSERT_TRUE(exported->add("{\"_id\":\"y\"}\n"));
    exported->finish();
    EXPECT_EQ(out.str(), "{\"_id\":\"x\"}\n{\"_id\":\"y\"}\n");
}

TEST(ExportedText, AnOutputThatFailsIsSaid) {
    std::ostringstream out;
    out.setstate(std::ios::badbit);
    EXPECT_FALSE(make_exported_text("ndjson", out)->add("{\"_id\":1}\n"));
}

}  // namespace
}  // namespace zs::cli
