#include "core/jobs/handler_worker.hpp"

#include "base/json_writer.hpp"
#include "core/jobs/limits.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace zs::jobs {
namespace {

// What the pool asks for and the end of the job's time, as one signal.
class Ending final : public StopSignal {
public:
    explicit Ending(StopSignal& pool) : pool_(pool), forward_(pool.token(), Forward(source_)) {}

    std::stop_token token() const override { return source_.get_token(); }
    StopReason reason() const override { return pool_.reason(); }
    bool is_late() const { return is_late_; }
    void time_is_over() {
        is_late_ = true;
        source_.request_stop();
    }

private:
    class Forward {
    public:
        explicit Forward(std::stop_source source) : source_(std::move(source)) {}
        void operator()() { source_.request_stop(); }

    private:
        std::stop_source source_;
    };
    StopSignal& pool_;
    std::stop_source source_;
    std::atomic<bool> is_late_{false};
    std::stop_callback<Forward> forward_;
};

Outcome ended_as(Outcome::Kind kind) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.sandbox = SandboxTier::L0;
    return outcome;
}

Outcome failed(Failure code, std::string message, bool retryable) {
    Outcome outcome = ended_as(Outcome::Kind::Failed);
    outcome.error.emplace();
    outcome.error->code = code;
    outcome.error->message = std::move(message);
    outcome.retryable = retryable;
    return outcome;
}

Outcome succeeded(boost::json::value output) {
    if (write_json(output).size() > limits::kOutputBytesMax)
        return failed(Failure::InvalidOutput, "the output is larger than 1 MiB", true);
    Outcome outcome = ended_as(Outcome::Kind::Succeeded);
    if (!output.is_null()) outcome.output = std::move(output);
    return outcome;
}

Outcome late() {
    return failed(Failure::Timeout, "the attempt ran longer than timeout_secs allows", true);
}

// As a program's: one that ends well although it was to be canceled has ended well.
Outcome outcome_of(Result<boost::json::value> answer, const Ending& ending) {
    const auto reason = ending.reason();
    if (reason == StopReason::LeaseLost) return ended_as(Outcome::Kind::Lost);
    if (answer) {
        if (ending.is_late() && reason == StopReason::None) return late();
        return succeeded(std::move(*answer));
    }
    if (reason == StopReason::Cancel) return ended_as(Outcome::Kind::Canceled);
    if (reason == StopReason::Drain) return ended_as(Outcome::Kind::Released);
    if (ending.is_late()) return late();
    const Error error = std::move(answer).error();
    const bool is_hopeless =
        error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::Unprocessable;
    return failed(Failure::WorkerError, error.message, !is_hopeless);
}

}  // namespace

HandlerWorker::HandlerWorker(HandlerRegistry handlers, HandlerPorts ports, HandlerLimits limits)
    : handlers_(std::move(handlers)), ports_(ports), limits_(limits) {}

async::Task<Result<boost::json::value>> HandlerWorker::call(HandlerContext& context) {
    const auto* handler = handlers_.find(context.job().spec.kind);
    if (handler == nullptr)
        co_return internal_error("no handler for jobs of kind " + context.job().spec.kind);
    Result<boost::json::value> answer = boost::json::value();
    try {
        answer = co_await (*handler)(context);
    } catch (const std::exception& failure) {
        answer = internal_error(failure.what());
    }
    co_return answer;
}

async::Task<Outcome> HandlerWorker::run(LeasedJob job, EventSink& sink, StopSignal& stop) {
    // Shared with the timer, whose last word may come after the attempt has ended.
    const auto ending = std::make_shared<Ending>(stop);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                    job.job.spec.timeout);
    timer.async_wait([ending](const boost::system::error_code& error) {
        if (!error) ending->time_is_over();
    });
    HandlerContext context(job, sink, *ending, ports_, limits_);
    auto answer = co_await call(context);
    timer.cancel();
    co_return outcome_of(std::move(answer), *ending);
}

async::Task<Result<std::vector<LeaseRef>>> HandlerWorker::surviving() {
    co_return std::vector<LeaseRef>();
}

}  // namespace zs::jobs
