#include "adapters/http/routes/job_routes.hpp"

#include "adapters/http/routes/job_artifact_routes.hpp"
#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/routes/job_log_routes.hpp"
#include "adapters/http/routes/job_submit_routes.hpp"
#include "adapters/http/routes/worker_routes.hpp"
#include "async/io_runtime.hpp"
#include "async/run_blocking.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/files/files_fixture.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "core/jobs/artifact_name.hpp"
#include "core/jobs/memory_job_store.hpp"
#include "support/call_route.hpp"

namespace zs::http {
namespace {

namespace json = boost::json;
using testing::body_of;
using testing::call_route;
using testing::FakeRequest;
using testing::header_of;
using testing::json_of;
using testing::some_principal;

class NoTemplates final : public jobs::TemplateStore {
public:
    async::Task<Result<void>> add(identity::Tenant, jobs::JobTemplate) override {
        co_return not_found("none");
    }
    async::Task<Result<void>> replace(identity::Tenant, jobs::JobTemplate) override {
        co_return not_found("none");
    }
    async::Task<Result<void>> remove(identity::Tenant, std::string) override {
        co_return not_found("none");
    }
    async::Task<Result<std::optional<jobs::JobTemplate>>> find(identity::Tenant,
                                                               std::string) override {
        co_return std::optional<jobs::JobTemplate>();
    }
    async::Task<Result<std::vector<jobs::JobTemplate>>> list(identity::Tenant, std::string,
                                                             std::size_t) override {
        co_return std::vector<jobs::JobTemplate>();
    }
};

class JobRoutesTest : public files::FilesFixture {
protected:
    void SetUp() override {
        io_.start();
        auto started = async::run_blocking(io_.executor(), queue_.start());
        ASSERT_TRUE(started) << started.error().message;
        submits_.register_routes(router_);
        jobs_.register_routes(router_);
        logs_.register_routes(router_);
        artifacts_.register_routes(router_);
        workers_.register_routes(router_);
    }
    void TearDown() override {
        queue_.stop();
        queue_.join_blocking();
    }

    // Somebody else of the same tenant who may only look, or somebody of another environment.
    static identity::PrincipalPtr reader(const std::string& env = "live") {
        identity::Rights rights;
        rights.set(identity::Resource::Jobs, {identity::Right::Read});
        auto made = std::make_shared<identity::Principal>(*some_principal(rights));
        made->user_id = identity::UserId(*Uuid::parse("0198c0de-0000-7000-8000-000000000002"));
        made->tenant.env_slug = env;
        return made;
    }
    Result<Response> send(Method method, const std::string& target, const std::string& body = "",
                          const identity::PrincipalPtr& who = some_principal()) {
        const auto question = target.find('?');
        FakeRequest request(method, target.substr(0, question));
        if (question != std::string::npos) request.with_query(target.substr(question + 1));
        if (!body.empty()) request.with_json(body);
        request.with_principal(who);
        return call_route(router_, request);
    }
    std::string submit(const std::string& spec) {
        const auto answer = json_of(send(Method::Post, "/v1/jobs", spec));
        return std::string(answer.at("job_id").as_string());
    }
    // Leases one job; answers its token.
    std::string lease(const std::string& worker = "w") {
        const auto answer = json_of(send(Method::Post, "/v1/workers/lease",
                                         R"({"worker_id":")" + worker + R"(","wait_ms":2000})"));
        return std::string(answer.at("jobs").at(0).at("token").as_string());
    }

    async::IoRuntime io_{1};
    jobs::SteadyClock monotonic_;
    jobs::MemoryJobTables tables_;
    jobs::MemoryJobStore job_store_{tables_};
    jobs::MemoryJobLog log_{tables_};
    jobs::MemoryArtifactIndex index_{tables_};
    jobs::MemoryQueueStore queues_{tables_};
    events::MemoryEventBus bus_{clock_};
    jobs::JobQueue queue_{{.jobs = job_store_,
                           .queues = queues_,
                           .logs = log_,
                           .artifacts = index_,
                           .events = bus_,
                           .clock = clock_,
                           .monotonic = monotonic_},
                          jobs::QueueConfig(),
                          io_.executor()};
    NoTemplates templates_;
    jobs::JobIntake intake_{queue_, templates_, clock_};
    idempotency::MemoryIdempotencyStore keys_;
    idempotency::IdempotencyService key_service_{keys_, clock_};
    Idempotency idempotency_{key_service_};
    WaitsEnd waits_end_{false};
    JobSubmitRoutes submits_{intake_, idempotency_};
    JobRoutes jobs_{queue_, audit_, idempotency_, waits_end_};
    JobLogRoutes logs_{queue_, waits_end_};
    JobArtifactRoutes artifacts_{queue_, files_};
    WorkerRoutes workers_{queue_, store_, catalog_, clock_, waits_end_, {}};
    Router router_;
};

TEST_F(JobRoutesTest, AJobIsShownAsTheContractSays) {
    const auto id = submit(R"({"cmd":["a","b"],"env":{"A":"secret"},"metadata":{"k":"v"}})");
    const auto job = json_of(send(Method::Get, "/v1/jobs/" + id));
    EXPECT_EQ(job.at("id"), job.at("job_id"));
    EXPECT_EQ(job.at("state").as_string(), "pending");
    EXPECT_EQ(job.at("spec").at("command"), job.at("spec").at("cmd"));
    EXPECT_EQ(job.at("spec").at("org_id").as_string(), "default");
    EXPECT_EQ(job.at("spec").at("env").at("A").as_string(), "secret");
    EXPECT_TRUE(job.at("error").is_null());
    EXPECT_TRUE(job.at("error_message").is_null());
    EXPECT_TRUE(job.at("worker_id").is_null());
    EXPECT_EQ(job.as_object().size(), 28u);
    const auto seen = json_of(send(Method::Get, "/jobs/" + id, "", reader()));
    EXPECT_EQ(seen.at("spec").at("env").at("A").as_string(), "***");
    EXPECT_EQ(http_status(send(Method::Get, "/jobs/" + id, "", reader("sandbox")).error()), 404u);
}

TEST_F(JobRoutesTest, ABatchKeepsThePlaceOfWhatIsWrong) {
    const auto answer = json_of(send(Method::Post, "/v1/jobs/bulk",
                                     R"({"jobs":[{"cmd":["a"]},7,{"org_id":"x"},{"cmd":["b"]}]})"));
    EXPECT_EQ(answer.at("submitted").to_number<int>(), 2);
    EXPECT_EQ(answer.at("failed").to_number<int>(), 2);
    const auto& results = answer.at("results").as_array();
    EXPECT_TRUE(results[0].as_object().contains("job_id"));
    EXPECT_EQ(results[1].at("error").as_string(), "unprocessable");
    EXPECT_EQ(results[2].at("error").as_string(), "invalid_argument");
    EXPECT_TRUE(results[3].as_object().contains("job_id"));
    const auto whole =
        send(Method::Post, "/v1/jobs/bulk", R"({"jobs":[{"cmd":["a"]},7],"atomic":true})");
    ASSERT_FALSE(whole);
    EXPECT_EQ(http_status(whole.error()), 422u);
    EXPECT_EQ(whole.error().details.at("index").to_number<int>(), 1);

    FakeRequest lines(Method::Post, "/v1/jobs/bulk");
    lines.with_principal(some_principal()).with_header("content-type", "application/x-ndjson");
    lines.with_body({"{\"cmd\":[\"a\"]}\n\n{bro", "ken\n{\"cmd\":[\"b\"]}"});
    const auto read = json_of(call_route(router_, lines));
    EXPECT_EQ(read.at("submitted").to_number<int>(), 2);
    EXPECT_EQ(read.at("results").at(1).at("error").as_string(), "invalid_json");
}

TEST_F(JobRoutesTest, FiltersAreChecked) {
    submit(R"({"cmd":["a"],"name":"n","metadata":{"k":"v"}})");
    submit(R"({"cmd":["a"]})");
    const auto count = [this](const std::string& query) {
        return json_of(send(Method::Get, "/v1/jobs?" + query)).as_array().size();
    };
    EXPECT_EQ(count(""), 2u);
    EXPECT_EQ(count("name=n"), 1u);
    EXPECT_EQ(count("metadata.k=v"), 1u);
    EXPECT_EQ(count("metadata.k=w"), 0u);
    EXPECT_EQ(count("state=succeeded,failed"), 0u);
    EXPECT_EQ(send(Method::Get, "/v1/jobs?state=nonsense").error().reason, "invalid_state");
    for (const char* query : {"order=up", "submitted_by=x", "created_after=yesterday", "limit=0"}) {
        const auto answer = send(Method::Get, "/v1/jobs?" + std::string(query));
        ASSERT_FALSE(answer) << query;
        EXPECT_EQ(http_status(answer.error()), 400u) << query;
    }
}

TEST_F(JobRoutesTest, AWorkerElsewhereRunsAJob) {
    const auto id = submit(R"({"cmd":["a"]})");
    const auto token = lease();
    const std::string job = "/v1/workers/jobs/" + id;
    const auto lines =
        R"({"token":")" + token
        + R"(","lines":[{"stream":"stdout","line":"one"},{"stream":"stderr","line":"two"}]})";
    EXPECT_GT(json_of(send(Method::Post, job + "/logs", lines)).at("last_seq").to_number<int>(), 0);
    FakeRequest put(Method::Put, job + "/artifacts/deep/a.txt");
    put.with_query("token=" + token).with_principal(some_principal()).with_body({"some ", "bytes"});
    EXPECT_EQ(call_route(router_, put)->status, 201u);
    const auto finish = R"({"token":")" + token + R"(","outcome":"succeeded","output":{"a":1}})";
    const auto done = json_of(send(Method::Post, job + "/finish", finish));
    EXPECT_EQ(done.at("state").as_string(), "succeeded");
    EXPECT_TRUE(send(Method::Post, job + "/finish", finish)) << "the same again";
    EXPECT_EQ(send(Method::Post, job + "/logs", lines).error().reason, "lease_lost");

    const auto log = json_of(send(Method::Get, "/v1/jobs/" + id + "/logs"));
    EXPECT_EQ(log.at(0).at("line").as_string(), "one");
    EXPECT_EQ(log.at(1).at("stream").as_string(), "stderr");
    auto followed = send(Method::Get, "/v1/jobs/" + id + "/logs?follow=true&stream=stdout");
    ASSERT_TRUE(followed);
    const auto text = *body_of(*followed);
    EXPECT_NE(text.find("\"line\":\"one\"}\n{\"end\":{\"state\":\"succeeded\""), std::string::npos)
        << text;
    auto file = send(Method::Get, "/v1/jobs/" + id + "/artifacts/deep/a.txt");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(*body_of(*file), "some bytes");
    EXPECT_EQ(header_of(*file, "Content-Disposition"), "attachment; filename=\"a.txt\"");
}

TEST_F(JobRoutesTest, ALeaseIsItsTenantsOwn) {
    const auto id = submit(R"({"cmd":["a"]})");
    const auto token = lease();
    auto other = std::make_shared<identity::Principal>(*some_principal());
    other->tenant.env_slug = "sandbox";
    const std::string body = R"({"token":")" + token + R"(","outcome":"succeeded"})";
    const auto foreign = send(Method::Post, "/v1/workers/jobs/" + id + "/finish", body, other);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(http_status(foreign.error()), 404u);
    const auto beat = json_of(send(
        Method::Post, "/v1/workers/heartbeat",
        R"({"worker_id":"w","leases":[{"job_id":")" + id + R"(","token":")" + token + R"("}]})",
        other));
    EXPECT_FALSE(beat.at("leases").at(0).at("ok").as_bool());
    EXPECT_EQ(json_of(send(Method::Get, "/v1/jobs/" + id)).at("state").as_string(), "running");
}

TEST_F(JobRoutesTest, WhatAWorkerSaysIsLostRunsAgainAtOnce) {
    const auto id = submit(R"({"cmd":["a"]})");
    const auto lost = [&] {
        const auto job = json_of(send(Method::Get, "/v1/jobs/" + id));
        return job.at("lost_leases").to_number<int>();
    };
    auto token = lease();
    const std::string finish = "/v1/workers/jobs/" + id + "/finish";
    EXPECT_TRUE(send(Method::Post, finish, R"({"token":")" + token + R"(","outcome":"lost"})"));
    EXPECT_EQ(lost(), 1);
    token = lease();
    const std::string beat = "/v1/workers/heartbeat";
    const std::string named = R"({"worker_id":"w","all":true,"leases":[{"job_id":")" + id
                              + R"(","token":")" + token + R"("}]})";
    EXPECT_TRUE(json_of(send(Method::Post, beat, named)).at("leases").at(0).at("ok").as_bool());
    EXPECT_TRUE(send(Method::Post, beat, R"({"worker_id":"w","leases":[]})"));
    EXPECT_EQ(lost(), 1) << "a heartbeat says nothing of leases it does not name";
    EXPECT_TRUE(send(Method::Post, beat, R"({"worker_id":"x","all":true,"leases":[]})"));
    EXPECT_EQ(lost(), 1) << "of another worker";
    EXPECT_TRUE(send(Method::Post, beat, R"({"worker_id":"w","all":true,"leases":[]})"));
    EXPECT_EQ(lost(), 2) << "unless these are all";
    EXPECT_EQ(json_of(send(Method::Get, "/v1/jobs/" + id)).at("state").as_string(), "pending");
}

TEST_F(JobRoutesTest, NamesOfArtifactsLeadNowhere) {
    for (const std::string name : {"", ".", "..", "a/../b", "/a", "a//b", "a/", "a\nb", "\xff"})
        EXPECT_EQ(jobs::check_artifact_name(name).error().reason, "invalid_name") << name;
    EXPECT_FALSE(jobs::check_artifact_name(std::string(256, 'x')));
    EXPECT_FALSE(jobs::check_artifact_name("1/2/3/4/5/6/7/8/9"));
    for (const std::string name : {"a", "..a", "a/b c/ü.txt", "1/2/3/4/5/6/7/8"})
        EXPECT_TRUE(jobs::check_artifact_name(name)) << name;
}

TEST_F(JobRoutesTest, CallsOfAWorkerAreCounted) {
    WorkerRoutes::Options options;
    options.calls_per_minute = 3;
    WorkerRoutes strict(queue_, store_, catalog_, clock_, waits_end_, options);
    Router router;
    strict.register_routes(router);
    const auto call = [&](const char* worker) {
        FakeRequest request(Method::Post, "/v1/workers/lease");
        request.with_principal(some_principal());
        request.with_json(std::string(R"({"worker_id":")") + worker + R"("})");
        return call_route(router, request);
    };
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(call("a"));
    const auto refused = call("a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(http_status(refused.error()), 429u);
    EXPECT_TRUE(refused.error().details.contains("retry_after_secs"));
    EXPECT_TRUE(call("b")) << "each worker has its own count";
}

TEST_F(JobRoutesTest, LinesAreMadeReadable) {
    EXPECT_EQ(readable_line(std::string("a\0b\xff\x1b[0mü", 9) + "\xbc"), "ab\xEF\xBF\xBD\x1b[0mü");
}

}  // namespace
}  // namespace zs::http
