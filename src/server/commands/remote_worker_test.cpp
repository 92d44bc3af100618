#include "server/commands/remote_worker.hpp"

#include "async/io_runtime.hpp"
#include "async/run_blocking.hpp"
#include "async/sleep.hpp"
#include "base/json.hpp"
#include "support/fake_http_server.hpp"
#include "support/temp_dir.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <sstream>

namespace zs::server {
namespace {

namespace json = boost::json;
using jobs::Outcome;
using jobs::StopReason;
using testing::FakeHttpServer;
using testing::FakeReply;
using testing::FakeRequest;

const std::string kJob = "0198c0de-0000-7000-8000-000000000001";
const std::string kLogs = "/v1/workers/jobs/" + kJob + "/logs";
const std::string kFinish = "/v1/workers/jobs/" + kJob + "/finish";
const std::string kRelease = "/v1/workers/jobs/" + kJob + "/release";

std::string shown_job(std::uint64_t lines = 0) {
    return R"({"id":")" + kJob + R"(","attempt":1,"log_count":)" + std::to_string(lines)
           + R"(,"spec":{"org_id":"default","command":["true"]}})";
}

const std::string kLeased =
    R"({"jobs":[{"job":)" + shown_job() + R"(,"attempt":1,"token":"7","lease_ms":60000}]})";

// A server that answers from a script per path; the last answer is given again and again.
class Script {
public:
    Script& on(const std::string& path, FakeReply reply) {
        const std::lock_guard lock(mutex_);
        answers_[path].push_back(std::move(reply));
        return *this;
    }
    Script& on(const std::string& path, const std::string& body) {
        return on(path, FakeReply{200, "application/json", body});
    }
    Script& first(const std::string& path, FakeReply reply) {
        const std::lock_guard lock(mutex_);
        answers_[path].push_front(std::move(reply));
        return *this;
    }
    FakeReply answer(const FakeRequest& request) {
        const std::lock_guard lock(mutex_);
        auto& left = answers_[request.target];
        if (left.empty())
            return {404, "application/json", R"({"error":"not_found","message":"x"})"};
        auto reply = left.front();
        if (left.size() > 1) left.pop_front();
        return reply;
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::deque<FakeReply>> answers_;
};

// Runs until it is told to end, by the test or by its stop signal.
class PatientWorker final : public jobs::Worker {
public:
    std::vector<std::string> kinds() const override { return {"process"}; }
    jobs::SandboxTier sandbox() const override { return jobs::SandboxTier::L0; }
    async::Task<Outcome> run(jobs::LeasedJob, jobs::EventSink&, jobs::StopSignal& stop) override {
        ++begun;
        while (!ends && !stop.token().stop_requested())
            co_await async::sleep_for(Millis(1));
        Outcome outcome;
        outcome.kind = end_as;
        last_reason = stop.reason();
        if (last_reason == StopReason::Drain) outcome.kind = Outcome::Kind::Released;
        if (last_reason == StopReason::Cancel) outcome.kind = Outcome::Kind::Canceled;
        ++ended;
        co_return outcome;
    }
    async::Task<Result<std::vector<jobs::LeaseRef>>> surviving() override { co_return survivors; }

    std::atomic<bool> ends{false};
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::atomic<StopReason> last_reason{StopReason::None};
    Outcome::Kind end_as = Outcome::Kind::Succeeded;
    std::vector<jobs::LeaseRef> survivors;
};

class RemoteWorkerTest : public ::testing::Test {
protected:
    RemoteWorkerTest() : server_([this](const FakeRequest& r) { return script_.answer(r); }) {
        cli::Target target;
        target.url = server_.url();
        target.token = "secret";
        calls_ = std::move(*ServerCalls::open(target, console_, clock_, 1));
        options_.id = "w1";
        options_.slots = 1;
        options_.lease_wait = Millis(1);
        options_.beat_every = Millis(5);
        script_.on("/v1/workers/heartbeat", beat(true)).on(kFinish, "{}").on(kRelease, "{}");
        script_.on("/v1/workers/lease", kLeased);
        io_.start();
    }
    ~RemoteWorkerTest() override {
        calls_.reset();
        io_.stop();
    }

    static std::string beat(bool ok, bool cancel = false) {
        json::object lease{
            {"job_id", json_text(kJob)}, {"ok", ok}, {"cancel", cancel}, {"lease_ms", 60'000}};
        return json::serialize(json::object{{"leases", json::array{std::move(lease)}}});
    }
    std::vector<FakeRequest> sent(const std::string& target) const {
        std::vector<FakeRequest> all;
        for (auto& request : server_.requests()) {
            if (request.target == target) all.push_back(std::move(request));
        }
        return all;
    }
    template <class Ready>
    static void until(const Ready& ready) {
        while (!ready())
            std::this_thread::sleep_for(Millis(1));
    }
    std::unique_ptr<RemoteWorker> make() {
        return std::make_unique<RemoteWorker>(*calls_, blobs_, worker_, options_, io_.executor());
    }
    static void drain(RemoteWorker& worker) {
        worker.drain();
        worker.join_blocking();
    }
    RemoteAttempt attempt(std::uint64_t lines = 0) {
        auto job = parse_leased_job(*parse_json(shown_job(lines)), 7, 1);
        return RemoteAttempt(*calls_, blobs_, std::move(*job), Millis(60'000));
    }
    static std::vector<jobs::LogLine> lines(std::size_t count) {
        std::vector<jobs::LogLine> all(count);
        for (auto& line : all)
            line.bytes = "x";
        return all;
    }

    zs::testing::TempDir folder_;
    const SystemClock clock_;
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    cli::Console console_{.in = in_, .out = out_, .err = err_};
    Script script_;
    FakeHttpServer server_;
    async::BlockingPool pool_{"files", {.threads = 1, .queue_max = 16}};
    SpoolBlobs blobs_{folder_.path(), pool_};
    PatientWorker worker_;
    RemoteWorker::Options options_;
    std::unique_ptr<ServerCalls> calls_;
    async::IoRuntime io_{1};
};

TEST_F(RemoteWorkerTest, RunsWhatItLeasesAndTellsHowItEnded) {
    script_.on("/v1/workers/lease", R"({"jobs":[]})");
    auto worker = make();
    worker->start();
    until([&] { return worker_.begun > 0; });
    worker_.ends = true;
    until([&] { return !sent(kFinish).empty(); });
    drain(*worker);
    const auto told = parse_json(sent(kFinish).at(0).body);
    EXPECT_EQ(told->at("outcome").as_string(), "succeeded");
    EXPECT_EQ(told->at("token").as_string(), "7");
    EXPECT_EQ(sent(kFinish).size(), 1U);
    EXPECT_EQ(worker_.begun, 1);
}

TEST_F(RemoteWorkerTest, ADrainFinishesWhatRunsAndTakesNoMore) {
    auto worker = make();
    worker->start();
    until([&] { return worker_.begun > 0; });
    worker->drain();
    const auto asked = sent("/v1/workers/lease").size();
    until([&] { return sent("/v1/workers/heartbeat").size() > 2; });
    EXPECT_EQ(worker_.ended, 0) << "the grace is long";
    worker_.ends = true;
    worker->join_blocking();
    EXPECT_EQ(sent("/v1/workers/lease").size(), asked);
    EXPECT_EQ(sent(kFinish).size(), 1U);
    EXPECT_EQ(sent(kRelease).size(), 0U);
    const auto last = parse_json(sent("/v1/workers/heartbeat").back().body);
    EXPECT_TRUE(last->at("draining").as_bool());
}

TEST_F(RemoteWorkerTest, AfterTheGraceWhatRunsIsGivenBack) {
    options_.drain_grace = Millis(1);
    auto worker = make();
    worker->start();
    until([&] { return worker_.begun > 0; });
    drain(*worker);
    EXPECT_EQ(worker_.last_reason, StopReason::Drain);
    EXPECT_EQ(sent(kRelease).size(), 1U);
    EXPECT_EQ(sent(kFinish).size(), 0U);
}

TEST_F(RemoteWorkerTest, ALostLeaseStopsTheProgramAndNothingIsTold) {
    script_.on("/v1/workers/lease", R"({"jobs":[]})").on("/v1/workers/heartbeat", beat(false));
    auto worker = make();
    worker->start();
    until([&] { return worker_.ended > 0; });
    EXPECT_EQ(worker_.last_reason, StopReason::LeaseLost);
    drain(*worker);
    EXPECT_EQ(sent(kFinish).size() + sent(kRelease).size(), 0U);
}

TEST_F(RemoteWorkerTest, ACancelReachesTheProgram) {
    script_.on("/v1/workers/lease", R"({"jobs":[]})").on("/v1/workers/heartbeat", beat(true, true));
    auto worker = make();
    worker->start();
    until([&] { return !sent(kFinish).empty(); });
    drain(*worker);
    EXPECT_EQ(parse_json(sent(kFinish)[0].body)->at("outcome").as_string(), "canceled");
}

TEST_F(RemoteWorkerTest, AServerThatIsAwayIsAskedAgainAndTheJobEndsOnce) {
    const FakeReply gone{503, "application/json", R"({"error":"unavailable","message":"x"})"};
    script_.first("/v1/workers/lease", gone).on("/v1/workers/lease", R"({"jobs":[]})");
    script_.first(kFinish, gone).first("/v1/workers/heartbeat", gone);
    worker_.ends = true;
    auto worker = make();
    worker->start();
    until([&] { return sent(kFinish).size() == 2; });
    drain(*worker);
    EXPECT_EQ(worker_.begun, 1);
    EXPECT_EQ(sent(kFinish).size(), 2U) << "the second one was answered";
}

TEST_F(RemoteWorkerTest, ANewProcessNamesWhatSurvivedAndRunsWhatIsGranted) {
    jobs::LeaseRef survivor;
    survivor.job = *jobs::JobId::parse(kJob);
    survivor.token = jobs::LeaseToken{7};
    worker_.survivors = {survivor};
    script_.on("/v1/jobs/" + kJob, shown_job(5));
    worker_.ends = true;
    auto worker = make();
    ASSERT_TRUE(async::run_blocking(io_.executor(), worker->attach()));
    until([&] { return !sent(kFinish).empty(); });
    drain(*worker);
    const auto named = parse_json(sent("/v1/workers/heartbeat").at(0).body);
    EXPECT_TRUE(named->at("all").as_bool()) << "what it does not name is lost";
    EXPECT_EQ(named->at("leases").at(0).at("job_id").as_string(), kJob);
    EXPECT_EQ(worker_.begun, 1);
}

TEST_F(RemoteWorkerTest, LinesWhoseAnswerWasLostAreNotSentTwice) {
    FakeReply cut{200, "application/json", R"({"last_)"};
    cut.cut_off = true;
    script_.on(kLogs, cut).on("/v1/jobs/" + kJob, shown_job(12));
    auto stored = attempt(10);
    EXPECT_TRUE(async::run_blocking(io_.executor(), stored.log(lines(2))));
    EXPECT_EQ(sent(kLogs).size(), 1U) << "the server has them";
    auto missing = attempt(12);
    script_.on(kLogs, R"({"last_seq":9})");
    EXPECT_TRUE(async::run_blocking(io_.executor(), missing.log(lines(2))));
    EXPECT_EQ(sent(kLogs).size(), 3U) << "the server has them not, so they come again";
}

TEST_F(RemoteWorkerTest, WhoLostTheLeaseHearsItFromAnyCall) {
    const FakeReply lost{409, "application/json", R"({"error":"lease_lost","message":"x"})"};
    script_.on(kLogs, lost);
    auto attempt = this->attempt();
    const auto logged = async::run_blocking(io_.executor(), attempt.log(lines(1)));
    EXPECT_EQ(logged.error().reason, "lease_lost");
    EXPECT_EQ(attempt.reason(), StopReason::LeaseLost);
    EXPECT_TRUE(attempt.token().stop_requested());
}

TEST_F(RemoteWorkerTest, ADeadShimIsToldAsALostAttempt) {
    worker_.end_as = Outcome::Kind::Lost;
    worker_.ends = true;
    script_.on("/v1/workers/lease", R"({"jobs":[]})");
    auto worker = make();
    worker->start();
    until([&] { return !sent(kFinish).empty(); });
    drain(*worker);
    EXPECT_EQ(parse_json(sent(kFinish)[0].body)->at("outcome").as_string(), "lost");
}

TEST(ParseLeasedJobTest, KnowsTheLinesThatTheServerHas) {
    const auto job = parse_leased_job(*parse_json(shown_job(42)), 7, 3);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->job.log_count, 42U);
    EXPECT_EQ(job->job.counters.attempt, 3U);
    EXPECT_EQ(job->job.id.to_string(), kJob);
    EXPECT_EQ(parse_leased_job(json::value(1), 7, 3).error().code, ErrorCode::DataLoss);
}

}  // namespace
}  // namespace zs::server
