#include "core/jobs/handler_worker.hpp"

#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"
#include "core/jobs/limits.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace zs::jobs {
namespace {

namespace json = boost::json;
using testing::run_task;
using Answer = async::Task<Result<json::value>>;

// Remembers what it was told; answers lease_lost once the lease is gone.
class Notes final : public EventSink {
public:
    async::Task<Result<void>> log(std::vector<LogLine> lines) override {
        if (is_lost) co_return lease_lost();
        ++log_calls;
        for (auto& line : lines)
            logged.push_back(std::move(line));
        co_return Result<void>();
    }
    async::Task<Result<void>> progress(Progress progress) override {
        told.push_back(std::move(progress));
        co_return Result<void>();
    }
    async::Task<Result<void>> artifact(Artifact artifact) override {
        kept.push_back(std::move(artifact));
        co_return Result<void>();
    }
    bool is_lost = false;
    int log_calls = 0;
    std::vector<LogLine> logged;
    std::vector<Progress> told;
    std::vector<Artifact> kept;
};

class Stop final : public StopSignal {
public:
    std::stop_token token() const override { return source_.get_token(); }
    StopReason reason() const override { return reason_; }
    void ask(StopReason reason) {
        reason_ = reason;
        source_.request_stop();
    }

private:
    std::stop_source source_;
    std::atomic<StopReason> reason_{StopReason::None};
};

Answer greet(HandlerContext& context) {
    auto input = context.input();
    if (!input) co_return input.error();
    auto logged = co_await context.log("one\r\ntwo\n");
    if (!logged) co_return logged.error();
    co_await context.log("bad", LogStream::Stderr);
    co_await context.progress(2.5, "half");
    auto kept = co_await context.artifact("out/a.txt", std::string(600'000, 'x'));
    if (!kept) co_return kept.error();
    json::value output(json::object({{"hello", input->at("name")}}));
    co_return output;
}

Answer wait_long(HandlerContext& context) {
    const bool went_on = co_await context.wait(std::chrono::hours(1));
    if (!went_on) co_return context.stopped();
    co_return json::value("waited to the end");
}

Answer end_well_anyway(HandlerContext& context) {
    co_await context.wait(std::chrono::hours(1));
    co_return json::value("done");
}

Answer refuse(HandlerContext&) {
    co_return invalid_argument("no such thing");
}

Answer stumble(HandlerContext&) {
    co_return unavailable("not now");
}

Answer explode(HandlerContext&) {
    throw std::runtime_error("boom");
    co_return json::value();
}

Answer talk_too_much(HandlerContext&) {
    co_return json::value(std::string(limits::kOutputBytesMax, 'x'));
}

Answer keep_three(HandlerContext& context) {
    static constexpr const char* kNames[] = {"../a", "b", "c"};
    json::array reasons;
    for (const char* name : kNames) {
        const auto kept = co_await context.artifact(name, "12345");
        reasons.push_back(json_text(kept ? "" : kept.error().reason));
    }
    const auto big = co_await context.artifact("d", std::string(100, 'x'));
    reasons.push_back(json_text(big ? "" : big.error().reason));
    json::value output(std::move(reasons));
    co_return output;
}

Answer ask_the_sink(HandlerContext& context) {
    const auto logged = co_await context.log("x");
    if (!logged) co_return logged.error();
    co_return json::value();
}

class HandlerWorkerTest : public ::testing::Test {
protected:
    HandlerWorkerTest() {
        handlers_.add("greet", greet).add("wait", wait_long).add("anyway", end_well_anyway);
        handlers_.add("refuse", refuse).add("stumble", stumble).add("explode", explode);
        handlers_.add("talk", talk_too_much).add("keep", keep_three).add("ask", ask_the_sink);
    }
    LeasedJob job(std::string kind, std::string input = "null") {
        LeasedJob leased;
        leased.job.spec.kind = std::move(kind);
        leased.job.spec.input = std::move(input);
        return leased;
    }
    Outcome run(LeasedJob job) {
        HandlerWorker worker(handlers_, {blobs_, ledger_, clock_}, limits_);
        return run_task(worker.run(std::move(job), notes_, stop_));
    }

    HandlerRegistry handlers_;
    files::MemoryBlobStore blobs_;
    files::MemoryFileCatalog ledger_;
    const SystemClock clock_;
    HandlerLimits limits_;
    Notes notes_;
    Stop stop_;
};

TEST_F(HandlerWorkerTest, RunsTheHandlerOfTheKindAndPassesOnWhatItSays) {
    const auto outcome = run(job("greet", R"({"name":"Ada"})"));
    EXPECT_EQ(outcome.kind, Outcome::Kind::Succeeded);
    EXPECT_EQ(outcome.output->at("hello").as_string(), "Ada");
    EXPECT_EQ(outcome.sandbox, SandboxTier::L0);
    ASSERT_EQ(notes_.logged.size(), 3U);
    EXPECT_EQ(notes_.log_calls, 2) << "lines of one text go together";
    EXPECT_EQ(notes_.logged[0].bytes, "one");
    EXPECT_EQ(notes_.logged[1].bytes, "two");
    EXPECT_EQ(notes_.logged[2].stream, LogStream::Stderr);
    ASSERT_EQ(notes_.told.size(), 1U);
    EXPECT_EQ(notes_.told[0].fraction, 1.0);
    ASSERT_EQ(notes_.kept.size(), 1U);
    EXPECT_EQ(notes_.kept[0].name, "out/a.txt");
    EXPECT_EQ(notes_.kept[0].size, 600'000U);
    const auto size = run_task(blobs_.stat(notes_.kept[0].sha256));
    EXPECT_EQ(**size, 600'000U) << "in the store before it was told";
    EXPECT_EQ(run_task(ledger_.totals())->blobs, 1U) << "claimed";
}

TEST_F(HandlerWorkerTest, AStopEndsAWaitAndItsReasonDecides) {
    const std::pair<StopReason, Outcome::Kind> ends[] = {
        {StopReason::Cancel, Outcome::Kind::Canceled},
        {StopReason::Drain, Outcome::Kind::Released},
        {StopReason::LeaseLost, Outcome::Kind::Lost},
    };
    for (const auto& [reason, kind] : ends) {
        Stop stop;
        HandlerWorker worker(handlers_, {blobs_, ledger_, clock_}, limits_);
        std::jthread asks([&stop, reason = reason] { stop.ask(reason); });
        EXPECT_EQ(run_task(worker.run(job("wait"), notes_, stop)).kind, kind);
    }
    stop_.ask(StopReason::Cancel);
    EXPECT_EQ(run(job("wait")).kind, Outcome::Kind::Canceled) << "asked before it began";
    EXPECT_EQ(run(job("anyway")).kind, Outcome::Kind::Succeeded) << "it ended well";
}

TEST_F(HandlerWorkerTest, TheTimeOfTheJobEnds) {
    auto hurried = job("wait");
    hurried.job.spec.timeout = Seconds(0);
    auto outcome = run(hurried);
    ASSERT_EQ(outcome.kind, Outcome::Kind::Failed);
    EXPECT_EQ(outcome.error->code, Failure::Timeout);
    EXPECT_TRUE(outcome.retryable);
    hurried.job.spec.kind = "anyway";
    EXPECT_EQ(run(hurried).error->code, Failure::Timeout) << "a result that comes too late";
}

TEST_F(HandlerWorkerTest, ErrorsFailTheAttempt) {
    const auto code_of = [&](std::string kind) { return run(job(std::move(kind))).error->code; };
    for (const char* kind : {"refuse", "stumble", "explode", "no such kind"})
        EXPECT_EQ(code_of(kind), Failure::WorkerError) << kind;
    EXPECT_EQ(code_of("talk"), Failure::InvalidOutput);
    EXPECT_FALSE(run(job("refuse")).retryable) << "it can never succeed";
    EXPECT_TRUE(run(job("stumble")).retryable);
    EXPECT_EQ(run(job("explode")).error->message, "boom");
    notes_.is_lost = true;
    stop_.ask(StopReason::LeaseLost);
    EXPECT_EQ(run(job("ask")).kind, Outcome::Kind::Lost);
}

TEST_F(HandlerWorkerTest, ArtifactsHaveNamesAndLimits) {
    limits_.artifact_files_max = 2;
    limits_.artifact_bytes_max = 20;
    const auto outcome = run(job("keep"));
    const auto reasons = json::value({"invalid_name", "", "", "artifact_limit"});
    EXPECT_EQ(*outcome.output, reasons);
    limits_.artifact_files_max = 10;
    EXPECT_EQ(run(job("keep")).output->at(3).as_string(), "artifact_limit") << "by their size";
}

TEST(HandlerRegistryTest, KnowsEachKindOnce) {
    HandlerRegistry handlers;
    EXPECT_TRUE(handlers.empty());
    handlers.add("b", refuse).add("a", refuse);
    EXPECT_EQ(handlers.kinds(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(handlers.find("c"), nullptr);
    EXPECT_DEATH(handlers.add("a", stumble), "is_new");
    EXPECT_DEATH(handlers.add("process", stumble), "process");
}

TEST(SplitLinesTest, CutsAtLineEndsAndLongLinesIntoParts) {
    const Timestamp now{};
    EXPECT_TRUE(split_lines("", LogStream::Stdout, now).empty());
    const auto few = split_lines("a\r\n\nb", LogStream::Stderr, now);
    ASSERT_EQ(few.size(), 3U);
    EXPECT_EQ(few[0].bytes, "a");
    EXPECT_EQ(few[1].bytes, "");
    EXPECT_EQ(few[2].bytes, "b");
    const auto parts = split_lines(std::string(limits::kLogLineBytesMax + 1, 'x') + "\nend",
                                   LogStream::Stdout, now);
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_TRUE(parts[0].part);
    EXPECT_EQ(parts[1].bytes, "x");
    EXPECT_FALSE(parts[1].part);
}

}  // namespace
}  // namespace zs::jobs
