#include "adapters/cli/sql_command.hpp"

#include "adapters/cli/sql_result.hpp"
#include "support/fake_http_server.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <unistd.h>

namespace zs::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using zs::testing::FakeHttpServer;
using zs::testing::FakeReply;
using zs::testing::FakeRequest;

std::string params(const std::vector<std::string>& texts) {
    const auto value = sql_params(texts);
    return value ? boost::json::serialize(*value) : std::string(value.error().reason_text());
}

TEST(SqlParams, AreJsonOrText) {
    EXPECT_EQ(params({}), "null");
    EXPECT_EQ(params({"42", "-1.5", "true", "null", "Ada", "\"42\"", "007", "[1,2]", ""}),
              R"([42,-1.5E0,true,null,"Ada","42","007",[1,2],""])");
    EXPECT_EQ(params({"id=7", "name=Ada L", "t=a=b"}), R"({"id":7,"name":"Ada L","t":"a=b"})");
    EXPECT_EQ(params({"=a=b", "=1", "1+1=2"}), R"(["a=b",1,"1+1=2"])");
    EXPECT_EQ(params({"a=1", "2"}), "usage");
    EXPECT_EQ(params({"a=1", "a=2"}), "usage");
}

TEST(SqlParams, KeepLargeIntegersExact) {
    EXPECT_EQ(params({"9223372036854775807"}), "[9223372036854775807]");
}

TEST(PointAt, MarksThePlaceUnderTheLine) {
    const auto at = [](std::string_view sql, int line, int column) {
        return point_at(sql, {{"line", line}, {"column", column}});
    };
    EXPECT_EQ(at("SELECT * FORM users", 1, 10),
              "  line 1, column 10\n  | SELECT * FORM users\n  |          ^\n");
    EXPECT_EQ(at("SELECT 1,\n  'é日' FORM x", 2, 8),
              "  line 2, column 8\n  |   'é日' FORM x\n  |         ^\n");
    EXPECT_EQ(at("SELECT", 1, 99), "  line 1, column 99\n  | SELECT\n  |       ^\n");
    EXPECT_EQ(at("SELECT", 5, 1), "");
    EXPECT_EQ(point_at("SELECT", {}), "");
    EXPECT_EQ(point_at("SELECT", {{"line", "x"}, {"column", -1}}), "");
}

class RunSqlTest : public ::testing::Test {
protected:
    int run(FakeReply reply, SqlOptions options = {}) {
        FakeHttpServer server([reply](const FakeRequest&) { return reply; });
        options.target.url = server.url();
        options.target.token = "t";
        if (!options.sql && !options.file && in_.str().empty()) options.sql = "SELECT 1";
        const int code = run_sql(options, console_, clock_);
        if (!server.requests().empty()) request_ = server.requests().back();
        return code;
    }

    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    Console console_{.in = in_, .out = out_, .err = err_, .environment = {}};
    ManualClock clock_;
    FakeRequest request_;
};

constexpr auto kTwoRows =
    R"({"columns":[{"name":"id","type":"INTEGER"},{"name":"n","type":"TEXT"}],)"
    R"("rows":[[1,"Ada"],["9223372036854775807",null]],"row_count":2,"affected_rows":null,)"
    R"("elapsed_ms":3,"truncated":true})";

TEST_F(RunSqlTest, PrintsATable) {
    EXPECT_EQ(run({.body = kTwoRows}), kExitSuccess);
    EXPECT_EQ(out_.str(),
              "                  id | n\n"
              "---------------------+------\n"
              "                   1 | Ada\n"
              " 9223372036854775807 | NULL\n");
    EXPECT_THAT(err_.str(), HasSubstr("2 rows (3 ms)\n"));
    EXPECT_THAT(err_.str(), HasSubstr("there are more rows"));
    EXPECT_EQ(request_.method, "POST");
    EXPECT_EQ(request_.target, "/v1/sql");
    EXPECT_EQ(request_.body, R"({"sql":"SELECT 1","row_format":"arrays"})");
}

TEST_F(RunSqlTest, NumbersLookAsPeopleWriteThem) {
    EXPECT_EQ(
        run({.body = R"({"columns":[{"name":"x","type":"REAL"}],"rows":[[1.5],[-2.0],[1e300]],)"
                     R"("row_count":3,"affected_rows":null,"elapsed_ms":0})"}),
        kExitSuccess);
    EXPECT_THAT(out_.str(), HasSubstr("1.5\n"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("E0")));
}

TEST_F(RunSqlTest, QuietLeavesOnlyTheRows) {
    console_.quiet = true;
    EXPECT_EQ(run({.body = kTwoRows}), kExitSuccess);
    EXPECT_EQ(err_.str(), "");
}

TEST_F(RunSqlTest, TellsWhatAStatementWithoutRowsDid) {
    const std::string rest = R"(,"row_count":0,"elapsed_ms":2,"truncated":false})";
    EXPECT_EQ(run({.body = R"({"columns":[],"rows":[],"affected_rows":1)" + rest}), kExitSuccess);
    EXPECT_EQ(err_.str(), "1 row affected (2 ms)\n");
    EXPECT_EQ(out_.str(), "");
}

TEST_F(RunSqlTest, SendsParametersAndLimits) {
    SqlOptions options;
    options.sql = "SELECT :a";
    options.params = {"a=1"};
    options.rows_max = 5;
    options.timeout_secs = 7;
    options.format = SqlFormat::Json;
    EXPECT_EQ(run({.body = "{}"}, options), kExitSuccess);
    EXPECT_EQ(request_.body,
              R"({"sql":"SELECT :a","params":{"a":1},"max_rows":5,"timeout_ms":7000})");
    EXPECT_EQ(out_.str(), "{}\n");
}

TEST_F(RunSqlTest, ReadsTheStatementFromStandardInputOrAFile) {
    in_.str("SELECT 2");
    SqlOptions options;
    options.format = SqlFormat::Json;
    EXPECT_EQ(run({.body = "{}"}, options), kExitSuccess);
    EXPECT_THAT(request_.body, HasSubstr("SELECT 2"));

    const auto path = std::filesystem::path(::testing::TempDir()) / "zs_sql_command.sql";
    std::ofstream(path) << "SELECT 3";
    options.file = path.string();
    EXPECT_EQ(run({.body = "{}"}, options), kExitSuccess);
    EXPECT_THAT(request_.body, HasSubstr("SELECT 3"));
    std::filesystem::remove(path);
    EXPECT_EQ(run({.body = "{}"}, options), kExitUsage);
    options.sql = "SELECT 4";
    EXPECT_EQ(run({.body = "{}"}, options), kExitUsage);
}

TEST_F(RunSqlTest, CsvIsPassedThroughAsItComes) {
    SqlOptions options;
    options.format = SqlFormat::Csv;
    EXPECT_EQ(run({.content_type = "text/csv", .body = "a,b\r\n1,\"x\ny\"\r\n"}, options),
              kExitSuccess);
    EXPECT_EQ(out_.str(), "a,b\r\n1,\"x\ny\"\r\n");
    EXPECT_THAT(request_.head, HasSubstr("Accept: text/csv\r\n"));
}

TEST_F(RunSqlTest, AnIncompleteStreamIsAFailure) {
    SqlOptions options;
    options.format = SqlFormat::Csv;
    EXPECT_EQ(run({.content_type = "text/csv", .body = "a\r\n1\r\n", .cut_off = true}, options),
              kExitFailure);
    EXPECT_THAT(err_.str(), HasSubstr("incomplete"));
}

TEST_F(RunSqlTest, NdjsonGivesTheRowsAlone) {
    SqlOptions options;
    options.format = SqlFormat::Ndjson;
    const std::string rows = "{\"row_count\":1}\n{\"columns\":2}\n";
    EXPECT_EQ(run({.body = "{\"columns\":[]}\n" + rows + "{\"row_count\":2,\"elapsed_ms\":1}\n"},
                  options),
              kExitSuccess);
    EXPECT_EQ(out_.str(), rows);
}

TEST_F(RunSqlTest, NdjsonReportsTheErrorOfItsLastLine) {
    SqlOptions options;
    options.format = SqlFormat::Ndjson;
    EXPECT_EQ(run({.body = "{\"columns\":[]}\n{\"a\":1}\n{\"error\":\"out_of_memory\","
                           "\"message\":\"too much\"}\n"},
                  options),
              kExitFailure);
    EXPECT_EQ(out_.str(), "{\"a\":1}\n");
    EXPECT_THAT(err_.str(), HasSubstr("too much"));
    EXPECT_EQ(run({.body = "{\"columns\":[]}\n{\"a\":1}\n{\"a\""}, options), kExitFailure);
    EXPECT_EQ(run({.body = ""}, options), kExitFailure);
}

TEST_F(RunSqlTest, ErrorsShowMessageAndPlace) {
    SqlOptions options;
    options.sql = "SELECT * FORM users";
    const FakeReply reply{.status = 400,
                          .body =
                              R"({"error":"sql_syntax_error","message":"SQL parsing failed: near)"
                              R"( \"FORM\"","details":{"line":1,"column":10}})"};
    EXPECT_EQ(run(reply, options), kExitFailure);
    EXPECT_EQ(err_.str(),
              "error: SQL parsing failed: near \"FORM\"\n"
              "  line 1, column 10\n  | SELECT * FORM users\n  |          ^\n");
    EXPECT_EQ(out_.str(), "");
}

TEST_F(RunSqlTest, WithJsonAnErrorIsOneValueOnStandardOutput) {
    console_.json = true;
    const FakeReply reply{.status = 403,
                          .body = R"({"error":"statement_not_allowed","message":"no"})"};
    EXPECT_EQ(run(reply), kExitFailure);
    EXPECT_EQ(
        out_.str(),
        "{\"error\":\"statement_not_allowed\",\"message\":\"no\",\"details\":{\"status\":403}}\n");
    EXPECT_EQ(err_.str(), "");
    SqlOptions csv;
    csv.format = SqlFormat::Csv;
    EXPECT_EQ(run({.body = ""}, csv), kExitUsage);
}

// The answer waits until the command has given up, so only the interrupt can have ended it.
TEST_F(RunSqlTest, AnInterruptEndsTheRequestAndAnswers130) {
    std::promise<void> given_up;
    auto waiting = given_up.get_future().share();
    FakeHttpServer server([waiting](const FakeRequest&) {
        ::kill(::getpid(), SIGINT);
        waiting.wait();
        return FakeReply{.body = kTwoRows};
    });
    SqlOptions options;
    options.sql = "SELECT 1";
    options.target.url = server.url();
    options.target.token = "t";
    EXPECT_EQ(run_sql(options, console_, clock_), kExitInterrupted);
    given_up.set_value();
    EXPECT_EQ(out_.str(), "");
    EXPECT_EQ(err_.str(), "");
}

TEST_F(RunSqlTest, AnAnswerThatIsNoResultIsAFailure) {
    for (const auto* body :
         {"", "[]", "{}", R"({"columns":[{"name":"a"}],"rows":[[1,2]]})", "<html>"}) {
        EXPECT_EQ(run({.body = body}), kExitFailure) << body;
    }
}

}  // namespace
}  // namespace zs::cli
