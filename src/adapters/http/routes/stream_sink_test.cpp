#include "adapters/http/routes/stream_sink.hpp"

#include "adapters/http/routes/sql_answers.hpp"
#include "async/io_runtime.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

#include <future>

namespace zs::http {
namespace {

using testing::body_of;
using testing::column;
using testing::FakeSqlEngine;
using testing::integer_value;
using testing::run_task;
using testing::text_value;

// Answers `rows` rows of about `width` bytes, then `failure` if there is one.
FakeSqlEngine::Answer rows_answer(std::uint64_t rows, std::size_t width,
                                  std::optional<Error> failure = {}) {
    return [=](const data::SqlRequest&, data::RowSink* sink) -> Result<data::SqlSummary> {
        const std::vector<data::ResultColumn> columns{
            column("id", "INTEGER", data::ColumnKind::Integer), column("t", "TEXT")};
        auto begun = sink->columns(columns);
        if (!begun) return begun.error();
        const std::string text(width, 'x');
        for (std::uint64_t i = 0; i < rows; ++i) {
            const std::vector<data::SqlValueView> row{integer_value(static_cast<std::int64_t>(i)),
                                                      text_value(text)};
            auto taken = sink->row(row);
            if (!taken) return taken.error();
        }
        if (failure) return *failure;
        data::SqlSummary summary;
        summary.is_query = true;
        summary.row_count = rows;
        return summary;
    };
}

class SqlAnswersTest : public ::testing::Test {
protected:
    void SetUp() override { io_.start(); }

    Result<Response> stream(ResultForm form, FakeSqlEngine& engine, std::stop_token stop = {}) {
        SqlAnswers::Run run = [&engine](std::shared_ptr<data::RowSink> sink) {
            return engine.execute({}, std::move(sink));
        };
        return run_task(answers_.stream(form, "r1", stop, SqlAnswers::Options(), std::move(run)));
    }

    async::IoRuntime io_{1};
    SqlAnswers answers_{io_.executor()};
};

TEST_F(SqlAnswersTest, ASmallStreamIsOneBody) {
    FakeSqlEngine engine(rows_answer(2, 1), FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Ndjson, engine);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->source, nullptr);
    EXPECT_EQ(answer->content_type, "application/x-ndjson");
    const std::string head =
        "{\"columns\":[{\"name\":\"id\",\"type\":\"INTEGER\"},"
        "{\"name\":\"t\",\"type\":\"TEXT\"}]}\n"
        "{\"id\":0,\"t\":\"x\"}\n{\"id\":1,\"t\":\"x\"}\n{\"row_count\":2,\"elapsed_ms\":";
    EXPECT_EQ(answer->body.substr(0, head.size()), head);
    EXPECT_TRUE(answer->body.ends_with("}\n"));
}

TEST_F(SqlAnswersTest, CsvHasAHeaderLine) {
    FakeSqlEngine engine(rows_answer(1, 2));
    auto answer = stream(ResultForm::Csv, engine);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "id,t\r\n0,xx\r\n");
}

TEST_F(SqlAnswersTest, ALargeStreamArrivesWholeInPieces) {
    constexpr std::uint64_t kRows = 20'000;
    FakeSqlEngine engine(rows_answer(kRows, 100), FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Ndjson, engine);
    ASSERT_TRUE(answer);
    ASSERT_NE(answer->source, nullptr);
    auto body = body_of(*answer);
    ASSERT_TRUE(body);
    EXPECT_EQ(std::count(body->begin(), body->end(), '\n'), kRows + 2);
    EXPECT_NE(body->find("{\"row_count\":20000,"), std::string::npos);
}

TEST_F(SqlAnswersTest, AnEarlyErrorIsTheReply) {
    FakeSqlEngine engine(rows_answer(3, 1, invalid_argument("no", "sql_error")),
                         FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Ndjson, engine);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, "sql_error");
}

TEST_F(SqlAnswersTest, ALateErrorIsTheLastLineOfNdjson) {
    FakeSqlEngine engine(rows_answer(2000, 100, invalid_argument("no", "sql_error")),
                         FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Ndjson, engine);
    ASSERT_TRUE(answer);
    auto body = body_of(*answer);
    ASSERT_TRUE(body);
    const auto line = body->rfind('\n', body->size() - 2);
    EXPECT_EQ(body->substr(line + 1),
              "{\"error\":\"sql_error\",\"message\":\"no\",\"request_id\":\"r1\"}\n");
}

TEST_F(SqlAnswersTest, ALateErrorCutsCsv) {
    FakeSqlEngine engine(rows_answer(2000, 100, invalid_argument("no", "sql_error")),
                         FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Csv, engine);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(body_of(*answer));
}

TEST_F(SqlAnswersTest, AStatementWithoutColumnsStreamsAnEmptyResult) {
    FakeSqlEngine engine;
    auto answer = stream(ResultForm::Ndjson, engine);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body.starts_with("{\"columns\":[]}\n{\"row_count\":0,"));
}

TEST_F(SqlAnswersTest, AReaderThatLeavesEndsTheStatement) {
    std::promise<Result<data::SqlSummary>> ended;
    auto endless = rows_answer(100'000'000, 1000);
    auto report = [&](const data::SqlRequest& request, data::RowSink* sink) {
        auto outcome = endless(request, sink);
        ended.set_value(outcome);
        return outcome;
    };
    FakeSqlEngine engine(report, FakeSqlEngine::Runs::OnAThread);
    auto answer = stream(ResultForm::Csv, engine);
    ASSERT_TRUE(answer);
    ASSERT_NE(answer->source, nullptr);
    answer->source.reset();
    const auto outcome = ended.get_future().get();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
}

TEST(ResultForm, FollowsAccept) {
    EXPECT_EQ(result_form(""), ResultForm::Json);
    EXPECT_EQ(result_form("*/*"), ResultForm::Json);
    EXPECT_EQ(result_form("text/html"), ResultForm::Json);
    EXPECT_EQ(result_form("application/x-ndjson"), ResultForm::Ndjson);
    EXPECT_EQ(result_form("Text/CSV; charset=utf-8"), ResultForm::Csv);
    EXPECT_EQ(result_form("text/csv;q=0.5, application/json"), ResultForm::Json);
    EXPECT_EQ(result_form("application/json;q=0.5, text/csv;q=0.9"), ResultForm::Csv);
    EXPECT_EQ(result_form("text/csv;q=0, */*"), ResultForm::Json);
    EXPECT_EQ(result_form("application/json, application/x-ndjson"), ResultForm::Json);
}

}  // namespace
}  // namespace zs::http
