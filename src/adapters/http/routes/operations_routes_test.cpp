#include "adapters/http/routes/operations_routes.hpp"

#include "support/call_route.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <latch>

namespace zs::http {
namespace {

using testing::call_route;
using testing::FakeRequest;
using testing::json_of;
using testing::run_task;

class FakeHealth final : public HealthChecks {
public:
    async::Task<HealthSnapshot> check() override { co_return now; }
    HealthSnapshot now;
};

class OperationsRoutesTest : public ::testing::Test {
protected:
    void SetUp() override { io_.start(); }

    static OperationsConfig config() {
        OperationsConfig config;
        config.version = "1.2.3";
        config.commit = "abc";
        return config;
    }
    Result<Response> get(const std::string& path, OperationsConfig config,
                         std::string authorization = "") {
        OperationsRoutes routes(health_, io_, clock_, std::move(config));
        Router router;
        routes.register_routes(router);
        FakeRequest request(Method::Get, path);
        if (!authorization.empty()) request.with_header("authorization", std::move(authorization));
        return call_route(router, request);
    }
    Result<Response> get(const std::string& path) { return get(path, config()); }

    FakeHealth health_;
    async::IoRuntime io_{2};
    ManualClock clock_;
};

TEST_F(OperationsRoutesTest, HealthShowsEveryPart) {
    const auto body = json_of(get("/health"));
    EXPECT_EQ(body.at("status"), "healthy");
    EXPECT_EQ(body.at("service"), "zrustdb");
    EXPECT_EQ(body.at("version"), "1.2.3");
    EXPECT_EQ(body.at("checks").at("database"), "healthy");
    EXPECT_EQ(body.at("checks").at("rtc"), "disabled");
    EXPECT_EQ(body.at("checks").as_object().size(), 7U);
}

TEST_F(OperationsRoutesTest, AnIllPartDegradesHealthButAnswers200) {
    health_.now.database = CheckState::Unhealthy;
    auto answer = get("/health");
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(json_of(answer).at("status"), "degraded");
    EXPECT_EQ(json_of(answer).at("checks").at("database"), "unhealthy");
}

TEST_F(OperationsRoutesTest, ReadinessDependsOnServerDatabaseAndDisk) {
    EXPECT_EQ(get("/ready")->status, 200U);
    EXPECT_EQ(json_of(get("/ready")).at("checks").at("queue"), "not_configured");
    health_.now.disk = CheckState::Unhealthy;
    EXPECT_EQ(get("/ready")->status, 503U);
    EXPECT_EQ(json_of(get("/ready")).at("status"), "not_ready");
    EXPECT_EQ(json_of(get("/ready")).at("checks").at("storage"), "error");
    health_.now = HealthSnapshot();
    health_.now.server = CheckState::Degraded;
    EXPECT_EQ(get("/ready")->status, 503U) << "stopping";
    health_.now = HealthSnapshot();
    health_.now.database = CheckState::Unhealthy;
    EXPECT_EQ(get("/ready")->status, 503U);
}

TEST_F(OperationsRoutesTest, LiveAsksEveryLoop) {
    EXPECT_EQ(json_of(get("/live")).at("status"), "alive");
    EXPECT_EQ(json_of(get("/healthz")).at("status"), "alive");
}

TEST_F(OperationsRoutesTest, AStuckLoopIsNotAlive) {
    std::latch release(1);
    boost::asio::post(io_.executor(1), [&] { release.wait(); });
    LoopProbe probe(io_, std::chrono::milliseconds(20));
    EXPECT_FALSE(run_task(probe.all_answer()));
    release.count_down();
    LoopProbe patient(io_, std::chrono::seconds(30));
    EXPECT_TRUE(run_task(patient.all_answer()));
}

TEST_F(OperationsRoutesTest, VersionNamesTheProgram) {
    const auto body = json_of(get("/version"));
    EXPECT_EQ(body.at("name"), "zserver");
    EXPECT_EQ(body.at("commit"), "abc");
    EXPECT_EQ(body.at("api").as_array().size(), 3U);
}

TEST_F(OperationsRoutesTest, StatsMeasureTheProcess) {
    const auto body = json_of(get("/stats"));
    EXPECT_EQ(body.at("status"), "running");
    EXPECT_GT(body.at("system").at("memory_usage_bytes").as_int64(), 0);
}

TEST_F(OperationsRoutesTest, MetricsMayNeedATokenOfTheirOwn) {
    auto open = get("/metrics");
    ASSERT_TRUE(open);
    EXPECT_NE(open->body.find("zserver_build_info{version=\"1.2.3\"} 1"), std::string::npos);
    EXPECT_NE(open->body.find("system_memory_usage_bytes"), std::string::npos);
    auto guarded = config();
    guarded.metrics_token = Secret("let-me-see");
    EXPECT_EQ(get("/metrics", guarded).error().code, ErrorCode::Unauthenticated);
    EXPECT_EQ(get("/metrics", guarded, "Bearer nope").error().code, ErrorCode::Unauthenticated);
    EXPECT_FALSE(get("/metrics", guarded, "let-me-see"));
    EXPECT_TRUE(get("/metrics", guarded, "bearer let-me-see"));
    auto off = config();
    off.metrics_enabled = false;
    EXPECT_EQ(get("/metrics", off).error().code, ErrorCode::NotFound);
}

TEST_F(OperationsRoutesTest, TheDocumentIsServed) {
    const auto body = json_of(get("/openapi.json"));
    EXPECT_EQ(body.at("openapi"), "3.1.0");
}

}  // namespace
}  // namespace zs::http
