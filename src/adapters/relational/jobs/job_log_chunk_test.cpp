#include "adapters/relational/jobs/job_log_chunk.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::relational::log_chunk {
namespace {

std::vector<Line> some_lines(std::mt19937& random, std::size_t count) {
    std::vector<Line> lines;
    std::uint64_t seq = random() % 1000;
    for (std::size_t i = 0; i < count; ++i) {
        Line line;
        seq += 1 + random() % 3;
        line.seq = seq;
        line.line.at = from_unix_millis(1'760'000'000'000 - static_cast<int>(random() % 5000));
        line.line.stream = jobs::LogStream(random() % 3);
        line.line.part = random() % 4 == 0;
        line.line.bytes.resize(random() % 200);
        for (char& c : line.line.bytes)
            c = static_cast<char>(random());
        lines.push_back(std::move(line));
    }
    return lines;
}

TEST(JobLogChunk, LinesComeBackAsTheyWent) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (const std::size_t count : {1, 2, 50, 700}) {
        const auto lines = some_lines(random, count);
        const auto back = unpack(pack(lines));
        ASSERT_TRUE(back) << back.error().message;
        ASSERT_EQ(back->size(), lines.size());
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ((*back)[i].seq, lines[i].seq);
            EXPECT_EQ((*back)[i].line.at, lines[i].line.at);
            EXPECT_EQ((*back)[i].line.stream, lines[i].line.stream);
            EXPECT_EQ((*back)[i].line.part, lines[i].line.part);
            EXPECT_EQ((*back)[i].line.bytes, lines[i].line.bytes);
        }
    }
}

TEST(JobLogChunk, RepetitiveLinesBecomeSmall) {
    std::vector<Line> lines;
    for (std::uint64_t i = 0; i < 500; ++i) {
        Line line;
        line.seq = i + 1;
        line.line.bytes = "step " + std::to_string(i) + " of 500: everything is as it should be";
        lines.push_back(std::move(line));
    }
    EXPECT_LT(pack(lines).size(), bytes_of(lines) / 5);
}

TEST(JobLogChunk, DamageIsTold) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto good = pack(some_lines(random, 20));
    EXPECT_EQ(unpack("").error().code, ErrorCode::DataLoss);
    EXPECT_EQ(unpack("\x07garbage").error().code, ErrorCode::DataLoss);
    for (std::size_t cut = 0; cut < good.size(); ++cut)
        EXPECT_FALSE(unpack(std::string_view(good).substr(0, cut)));
    for (int i = 0; i < 500; ++i) {
        auto bad = good;
        bad[random() % bad.size()] = static_cast<char>(random());
        (void)unpack(bad);  // whatever it answers, it answers
    }
}

}  // namespace
}  // namespace zs::relational::log_chunk
