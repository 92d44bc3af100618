#include "adapters/process/output_lines.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::process {
namespace {

using jobs::LogLine;
using jobs::LogStream;

// Takes `bytes` of stdout in pieces that `random` cuts; saves and restores between some of them.
std::vector<LogLine> lines_of(const std::string& bytes, const std::vector<std::string>& secrets,
                              std::mt19937& random, std::size_t piece_max, bool restart) {
    auto lines = std::make_unique<OutputLines>(secrets);
    std::vector<LogLine> all;
    const auto collect = [&] {
        for (auto& line : lines->take_lines())
            all.push_back(std::move(line));
    };
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min(bytes.size() - at, 1 + random() % piece_max);
        SpoolRecord record;
        record.bytes = std::string_view(bytes).substr(at, size);
        lines->take(record);
        at += size;
        collect();
        if (!restart) continue;
        const auto saved = lines->save();
        lines = std::make_unique<OutputLines>(secrets);
        EXPECT_TRUE(lines->restore(saved));
    }
    lines->finish(Timestamp());
    collect();
    return all;
}

std::string shown(const std::vector<LogLine>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += line.bytes + (line.part ? "|" : "\n");
    return text;
}

std::string text_of(const std::string& bytes, const std::vector<std::string>& secrets = {}) {
    std::mt19937 random(1);
    return shown(lines_of(bytes, secrets, random, bytes.size() + 1, false));
}

TEST(OutputLinesTest, LinesEndAtLineFeeds) {
    EXPECT_EQ(text_of("a\nb\r\n\n\r\nc\rd\nlast"), "a\nb\n\n\nc\rd\nlast\n");
    EXPECT_EQ(text_of(""), "");
    EXPECT_EQ(text_of("\n"), "\n");
    EXPECT_EQ(text_of(std::string("nul\0in\xff\n", 8)), std::string("nul\0in\xff\n", 8));
}

TEST(OutputLinesTest, LongLinesComeInParts) {
    const std::string full(65'536, 'x');
    EXPECT_EQ(text_of(full + "\nb"), full + "\nb\n");
    EXPECT_EQ(text_of(full + "y\nb"), full + "|y\nb\n");
    EXPECT_EQ(text_of(full + full + "y"), full + "|" + full + "|y\n");
    const std::string almost(65'535, 'x');
    EXPECT_EQ(text_of(almost + "\r\n"), almost + "\n");
}

TEST(OutputLinesTest, SecretsAreMaskedWhereverTheyStand) {
    EXPECT_EQ(text_of("a password1 b\n", {"password1"}), "a *** b\n");
    EXPECT_EQ(text_of("passwordpassword1", {"password1"}), "password***\n");
    EXPECT_EQ(text_of("password", {"password1"}), "password\n");
    // Overlapping ones hide all that any of them covers.
    EXPECT_EQ(text_of("xabcdefghijkx", {"abcdefgh", "efghijk"}), "x***x\n");
    EXPECT_EQ(text_of("abcabcabc.", {"abcabc"}), "***.\n");
    // One within another: the longer one.
    EXPECT_EQ(text_of("-abcdef-cd-", {"abcdef", "cd"}), "-***-***-\n");
    // Over several lines.
    EXPECT_EQ(text_of("key: line1\nline2\nend", {"line1\nline2"}), "key: ***\nend\n");
    // A part of the longer one that comes to nothing does not hide the shorter one.
    EXPECT_EQ(text_of("abcx", {"abcdefgh", "bc"}), "a***x\n");
}

TEST(OutputLinesTest, WhereTheStreamIsCutMakesNoDifference) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        const std::size_t size = random() % 400;
        for (std::size_t i = 0; i < size; ++i)
            bytes.push_back("ab\n\rab"[random() % 6]);
        if (round % 50 == 0) bytes += std::string(70'000 + random() % 9, 'a') + "bb";
        const std::vector<std::string> secrets{"abab", "baa", "a\nb", "aaaaaaab"};
        const auto whole = shown(lines_of(bytes, secrets, random, bytes.size() + 1, false));
        const std::size_t pieces = bytes.size() > 1000 ? 5000 : 7;
        EXPECT_EQ(shown(lines_of(bytes, secrets, random, pieces, false)), whole);
        EXPECT_EQ(shown(lines_of(bytes, secrets, random, pieces, true)), whole);
        // A CR that is dropped may bring the ends of two lines together.
        for (const auto* secret : {"abab", "baa", "aaaaaaab"})
            EXPECT_EQ(whole.find(secret), std::string::npos) << whole;
    }
}

TEST(OutputLinesTest, ProgressIsReadOnlyFromWholeLinesOfStdout) {
    const auto progress = parse_progress("##zjob {\"progress\":1}");
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->fraction, 1.0);
    for (const auto* line : {"##zjob {\"progress\":1.1}", "##zjob {\"progress\":\"1\"}", "##zjob 1",
                             "##zjob {}", "##zjob", " ##zjob {\"progress\":1}",
                             "##zjob {\"progress\":-0.1}", "##zjob {\"progress\":0.1} x"}) {
        EXPECT_FALSE(parse_progress(line)) << line;
    }
    OutputLines lines({});
    SpoolRecord record;
    record.kind = RecordKind::Stderr;
    record.bytes = "##zjob {\"progress\":1}\n";
    lines.take(record);
    EXPECT_FALSE(lines.take_progress());
    EXPECT_EQ(lines.take_lines().size(), 1U);
    record.kind = RecordKind::Stdout;
    lines.take(record);
    EXPECT_TRUE(lines.take_progress());
    EXPECT_TRUE(lines.take_lines().empty());
}

TEST(OutputLinesTest, StreamsAreCutByThemselvesAndNotesGoBetween) {
    OutputLines lines({});
    SpoolRecord record;
    record.bytes = "half";
    lines.take(record);
    record.kind = RecordKind::Stderr;
    record.bytes = "whole\n";
    lines.take(record);
    record.kind = RecordKind::Note;
    record.bytes = "note";
    lines.take(record);
    record.kind = RecordKind::Stdout;
    record.bytes = " line\n";
    record.unix_ms = 5;
    lines.take(record);
    const auto all = lines.take_lines();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].bytes, "whole");
    EXPECT_EQ(all[1].stream, LogStream::System);
    EXPECT_EQ(all[2].bytes, "half line");
    EXPECT_EQ(all[2].at, from_unix_millis(5));
}

TEST(OutputLinesTest, ADamagedCheckpointIsRefused) {
    OutputLines lines({});
    for (const std::string saved : {"", "x", std::string("\xff\xff\xff\xff", 4).c_str()})
        EXPECT_FALSE(lines.restore(saved));
}

}  // namespace
}  // namespace zs::process
