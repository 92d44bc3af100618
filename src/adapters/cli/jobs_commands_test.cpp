#include "adapters/cli/jobs_commands.hpp"

#include "base/json.hpp"
#include "support/fake_http_server.hpp"
#include "support/temp_dir.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace zs::cli {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;
using zs::testing::FakeHttpServer;
using zs::testing::FakeReply;
using zs::testing::FakeRequest;

const std::string kNdjson = "application/x-ndjson";

std::string entry(int seq, const std::string& line, const std::string& stream = "stdout") {
    return json::serialize(json::object{
               {"seq", seq}, {"attempt", 1}, {"stream", json_text(stream)}, {"line", line}})
           + "\n";
}

class JobsCommandsTest : public ::testing::Test {
protected:
    using Run = int (*)(const JobsOptions&, Console&, const Clock&);
    int run(Run command, JobsOptions options, const std::string& url) {
        options.target.url = url;
        options.target.token = "secret";
        Console console{.in = in_, .out = out_, .err = err_};
        console.json = json_;
        console.environment["HOME"] = folder_.path().string();
        console.environment["REGION"] = "eu";
        return command(options, console, clock_);
    }
    Result<json::object> spec(const SubmitOptions& options) {
        Console console{.in = in_, .out = out_, .err = err_};
        console.environment["REGION"] = "eu";
        return spec_of(options, console);
    }
    std::string usage_of(const SubmitOptions& options) {
        const auto made = spec(options);
        return made ? "" : made.error().message;
    }
    static JobsOptions of(const std::string& id) {
        JobsOptions options;
        options.ids = {id};
        return options;
    }

    zs::testing::TempDir folder_;
    ManualClock clock_;
    bool json_ = false;
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
};

TEST_F(JobsCommandsTest, OptionsBecomeASpecification) {
    SubmitOptions options;
    options.command = {"sh", "-c", "true"};
    options.env = {"REGION", "LEVEL=3"};
    options.metadata = {"n=1", "s=text", R"(o={"a":[1]})"};
    options.depends_on = {"A", "B:finished"};
    options.concurrency = "db:main:2";
    options.input = R"({"a":1})";
    options.delay_secs = 5;
    const auto made = spec(options);
    ASSERT_TRUE(made) << made.error().message;
    const auto wanted = parse_json(R"({"command":["sh","-c","true"],
        "depends_on":[{"job_id":"A"},{"job_id":"B","when":"finished"}],"delay_secs":5,
        "env":{"REGION":"eu","LEVEL":"3"},"metadata":{"n":1,"s":"text","o":{"a":[1]}},
        "concurrency":{"key":"db:main","max":2},"input":{"a":1}})");
    EXPECT_EQ(json::value(*made), *wanted);
}

TEST_F(JobsCommandsTest, ASpecificationComesFromAFileOrStandardInput) {
    SubmitOptions options;
    options.spec_file = "-";
    options.name = "mine";
    in_.str(R"({"command":["true"],"name":"theirs"})");
    EXPECT_EQ(spec(options)->at("name").as_string(), "mine") << "options stand above the file";
    options.spec_file = folder_.file("input.json");
    std::ofstream(*options.spec_file) << "[1]";
    EXPECT_THAT(usage_of(options), HasSubstr("holds an object"));
    options.spec_file.reset();
    options.input = "@" + folder_.file("input.json");
    EXPECT_EQ(spec(options)->at("input"), json::value(json::array{1}));
}

TEST_F(JobsCommandsTest, BadArgumentsAreNamed) {
    SubmitOptions options;
    options.metadata = {"novalue"};
    EXPECT_THAT(usage_of(options), HasSubstr("--metadata takes NAME=VALUE; got 'novalue'"));
    options.metadata = {};
    for (const char* limit : {"key", "key:", "key:x", "key:1x"}) {
        options.concurrency = limit;
        EXPECT_THAT(usage_of(options), HasSubstr("--concurrency takes KEY:MAX")) << limit;
    }
    options.concurrency.reset();
    options.spec_file = folder_.file("missing");
    EXPECT_THAT(usage_of(options), HasSubstr("cannot read the file"));
    options.spec_file.reset();
    options.input = "@" + folder_.file("missing");
    EXPECT_THAT(usage_of(options), HasSubstr("cannot read the file"));
}

TEST_F(JobsCommandsTest, LinesOfSpecificationsComeFromStandardInput) {
    std::atomic<int> failed{0};
    const FakeHttpServer server([&](const FakeRequest&) {
        const auto count = std::to_string(failed);
        return FakeReply{200, "application/json",
                         R"({"submitted":2,"failed":)" + count + R"(,"results":[]})"};
    });
    const std::string lines = "{\"command\":[\"a\"]}\n{\"command\":[\"b\"]}\n";
    JobsOptions options;
    options.submit.bulk_file = "-";
    in_.str(lines);
    EXPECT_EQ(run(run_jobs_submit, options, server.url()), kExitSuccess) << err_.str();
    const auto sent = server.requests().at(0);
    EXPECT_EQ(sent.method + " " + sent.target, "POST /v1/jobs/bulk");
    EXPECT_THAT(sent.head, HasSubstr("Content-Type: application/x-ndjson\r\n"));
    EXPECT_EQ(sent.body, lines);
    failed = 1;
    options.submit.bulk_file = folder_.file("lines");
    std::ofstream(*options.submit.bulk_file) << lines;
    EXPECT_EQ(run(run_jobs_submit, options, server.url()), kExitFailure) << "one was refused";
    EXPECT_EQ(server.requests().at(1).body, lines);
    options.submit.bulk_file = folder_.file("missing");
    EXPECT_EQ(run(run_jobs_submit, options, server.url()), kExitUsage);
}

TEST_F(JobsCommandsTest, AFollowedLogGoesOnBehindItsLastLineAfterACut) {
    std::atomic<int> calls{0};
    const FakeHttpServer server([&](const FakeRequest&) {
        FakeReply reply{200, kNdjson, ""};
        if (++calls == 1) {
            reply.body = entry(3, "one") + entry(4, "two") + entry(5, "three").substr(0, 20);
            reply.cut_off = true;
        } else {
            reply.body = entry(5, "three") + entry(7, "oops", "stderr")
                         + "{\"end\":{\"state\":\"failed\",\"error_message\":\"exit 3\"}}\n";
        }
        return reply;
    });
    auto options = of("J1");
    options.follow = true;
    EXPECT_EQ(run(run_jobs_logs, options, server.url()), kExitFailure) << "as the job did";
    EXPECT_EQ(out_.str(), "one\ntwo\nthree\n") << "each line once";
    EXPECT_THAT(err_.str(), HasSubstr("oops\n"));
    EXPECT_THAT(err_.str(), HasSubstr("job J1: failed: exit 3"));
    const auto sent = server.requests();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_THAT(sent[0].target, HasSubstr("follow=true&from_seq=0"));
    EXPECT_THAT(sent[1].target, HasSubstr("follow=true&from_seq=5"));
}

TEST_F(JobsCommandsTest, FollowingWhatIsNotThereFailsAtOnce) {
    const FakeHttpServer server([](const FakeRequest&) {
        return FakeReply{404, "application/json", R"({"error":"not_found","message":"no job"})"};
    });
    auto options = of("J1");
    options.follow = true;
    EXPECT_EQ(run(run_jobs_logs, options, server.url()), kExitFailure);
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_THAT(err_.str(), HasSubstr("no job"));
    std::string url;
    {
        const FakeHttpServer gone([](const FakeRequest&) { return FakeReply{}; });
        url = gone.url();
    }
    EXPECT_EQ(run(run_jobs_logs, options, url), kExitFailure);
    EXPECT_THAT(err_.str(), Not(HasSubstr("was cut"))) << "nothing had come that could be cut";
}

TEST_F(JobsCommandsTest, ListsShowNamesKindsAndCommands) {
    const FakeHttpServer server([](const FakeRequest&) {
        const auto job = [](const std::string& spec) {
            return R"({"id":"J","state":"pending","waiting":"worker","attempt":0,)"
                   R"("created_at":"t","error_message":null,"spec":{)"
                   + spec + "}}";
        };
        return FakeReply{200, "application/json",
                         "[" + job(R"("command":["a","b"])") + ","
                             + job(R"("command":[],"kind":"word-count")") + ","
                             + job(R"("command":["a"],"name":"nightly")") + "]"};
    });
    JobsOptions options;
    options.state = "pending";
    EXPECT_EQ(run(run_jobs_list, options, server.url()), kExitSuccess) << err_.str();
    for (const char* text : {"pending/worker", "a b", "word-count", "nightly"})
        EXPECT_THAT(out_.str(), HasSubstr(text));
    EXPECT_THAT(server.requests().at(0).target, HasSubstr("state=pending"));
}

TEST_F(JobsCommandsTest, CancelAndRetryGoThroughTheIdsUntilOneFails) {
    const FakeHttpServer server([](const FakeRequest& request) {
        if (request.target.find("J2") != std::string::npos)
            return FakeReply{409, "application/json",
                             R"({"error":"job_finished","message":"job already succeeded"})"};
        return FakeReply{200, "application/json", R"({"status":"canceling"})"};
    });
    JobsOptions options;
    options.ids = {"J1", "J2", "J3"};
    EXPECT_EQ(run(run_jobs_cancel, options, server.url()), kExitFailure);
    EXPECT_EQ(out_.str(), "J1  canceling\n");
    EXPECT_THAT(err_.str(), HasSubstr("already succeeded"));
    EXPECT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(server.requests()[0].method + " " + server.requests()[0].target,
              "DELETE /v1/jobs/J1");
}

}  // namespace
}  // namespace zs::cli
