#include "adapters/relational/jobs/job_test_home.hpp"

#include <algorithm>

namespace zs::testing {
namespace {

using jobs::JobId;
using jobs::LogEntry;
using jobs::LogLine;
using jobs::LogQuery;
using jobs::LogStream;

class SqlJobLogs : public ::testing::TestWithParam<relational::Dialect> {
protected:
    SqlJobLogs() { start(); }

    void start() {
        id_ = home_.add(home_.job());
        lease_ = home_.claim().at(0).lease();
    }
    LogLine line(std::string bytes, LogStream stream = LogStream::Stdout) const {
        LogLine line;
        line.stream = stream;
        line.at = home_.clock.now();
        line.bytes = std::move(bytes);
        return line;
    }
    void append(relational::SqlJobLog& log, std::vector<LogLine> lines) {
        (void)taken(run_task(log.append(lease_, std::move(lines))));
    }
    std::vector<LogEntry> read(relational::SqlJobLog& log, LogQuery query = {}) {
        return taken(run_task(log.read(kAcme, id_, query)));
    }
    std::int64_t chunks() {
        auto work = [](relational::Session& session) {
            return session.query("select count(*) from job_log_chunks", {});
        };
        return taken(run_task(home_.home->database().read(work))).front().integer(0);
    }

    JobHome home_{GetParam()};
    relational::SqlJobLog log_{home_.home->database()};
    JobId id_;
    jobs::LeaseRef lease_;
};

TEST_P(SqlJobLogs, LinesAreNumberedWithTheEventsOfTheJob) {
    append(log_, {line("a"), line("\xff\x01 raw", LogStream::Stderr)});
    append(log_, {line("")});
    auto entries = read(log_);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].seq, 3U) << "behind submit and start";
    EXPECT_EQ(entries[1].line.bytes, "\xff\x01 raw");
    EXPECT_EQ(entries[1].line.stream, LogStream::Stderr);
    EXPECT_EQ(entries[2].seq, 5U);
    EXPECT_EQ(entries[2].attempt, 1U);
    auto changes = home_.finish(lease_, succeeded());
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->transitions[0].seq, 6U) << "the end has the highest number";
    EXPECT_EQ(home_.find(id_).log_count, 3U);
    EXPECT_EQ(run_task(log_.append(lease_, {line("late")})).error().reason, "lease_lost");
    EXPECT_EQ(run_task(log_.read(kOther, id_, {})).error().code, ErrorCode::NotFound);
}

TEST_P(SqlJobLogs, PagesByNumberStreamAndAttempt) {
    for (int i = 0; i < 100; ++i) {
        append(log_,
               {line("o" + std::to_string(i)), line("e" + std::to_string(i), LogStream::Stderr)});
    }
    ASSERT_TRUE(home_.finish(lease_, failed()));
    home_.clock.advance(Millis(5000));
    lease_ = home_.claim().at(0).lease();
    append(log_, {line("again")});
    LogQuery query;
    query.limit = 33;
    query.stream = LogStream::Stderr;
    std::vector<std::string> seen;
    while (true) {
        const auto page = read(log_, query);
        if (page.empty()) break;
        for (const auto& entry : page)
            seen.push_back(entry.line.bytes);
        query.from_seq = page.back().seq + 1;
    }
    ASSERT_EQ(seen.size(), 100U);
    EXPECT_EQ(seen.front(), "e0");
    EXPECT_EQ(seen.back(), "e99");
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
        return std::stoi(a.substr(1)) < std::stoi(b.substr(1));
    }));
    LogQuery second;
    second.attempt = 2;
    const auto entries = read(log_, second);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].line.bytes, "again");
    EXPECT_LT(chunks(), 20) << "small chunks are put together";
}

TEST_P(SqlJobLogs, BeyondTheLimitHeadAndTailStay) {
    relational::JobLogLimits limits;
    limits.lines_max = 100;
    relational::SqlJobLog log(home_.home->database(), limits);
    int next = 0;
    for (const int count : {30, 1, 1, 40, 7, 200, 3, 1, 1}) {
        std::vector<LogLine> lines;
        for (int i = 0; i < count; ++i)
            lines.push_back(line(std::to_string(next++)));
        append(log, std::move(lines));
    }
    const auto entries = read(log);
    const auto marker = std::find_if(entries.begin(), entries.end(), [](const LogEntry& entry) {
        return entry.line.stream == LogStream::System;
    });
    ASSERT_NE(marker, entries.end());
    const auto head = marker - entries.begin();
    const auto tail = entries.end() - marker - 1;
    EXPECT_EQ(head, 50);
    EXPECT_LE(tail, 50);
    EXPECT_GE(tail, 50 - 50 / 8);
    EXPECT_EQ((marker - 1)->line.bytes, "49");
    EXPECT_EQ(entries.back().line.bytes, std::to_string(next - 1));
    EXPECT_EQ((marker + 1)->line.bytes, std::to_string(next - static_cast<int>(tail)));
    const auto missing = std::to_string(next - 50 - static_cast<int>(tail)) + " lines";
    EXPECT_TRUE(marker->line.bytes.starts_with(missing)) << marker->line.bytes;
    EXPECT_TRUE(std::is_sorted(entries.begin(), entries.end(),
                               [](const auto& a, const auto& b) { return a.seq < b.seq; }));
    EXPECT_TRUE(home_.find(id_).logs_truncated);
}

TEST_P(SqlJobLogs, BytesAreLimitedToo) {
    relational::JobLogLimits limits;
    limits.bytes_max = 4000;
    relational::SqlJobLog log(home_.home->database(), limits);
    for (int i = 0; i < 100; ++i)
        append(log, {line(std::string(100, static_cast<char>('a' + i % 26)))});
    std::size_t bytes = 0;
    for (const auto& entry : read(log)) {
        if (entry.line.stream != LogStream::System) bytes += entry.line.bytes.size();
    }
    EXPECT_LE(bytes, 4000U);
    EXPECT_GE(bytes, 3600U);
}

TEST_P(SqlJobLogs, GoWithTheirJob) {
    append(log_, {line("a")});
    ASSERT_TRUE(home_.finish(lease_, succeeded()));
    ASSERT_TRUE(home_.steer(id_, jobs::Steer::Purge));
    EXPECT_EQ(chunks(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, SqlJobLogs, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
