#include "async/io_runtime.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>

namespace zs::async {
namespace asio = boost::asio;

// Signals have a loop of their own, run by the thread that waits for them: a busy server still
// stops.
struct IoRuntime::Signals {
    asio::io_context loop{1};
    asio::signal_set set{loop, SIGTERM, SIGINT};
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
};

IoRuntime::IoRuntime(std::size_t threads) : signals_(std::make_unique<Signals>()) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
        // The hint 1 tells Asio that one thread runs the loop. Locking stays: other threads post to
        // it.
        loops_.push_back(std::make_unique<asio::io_context>(1));
        signals_->guards.push_back(asio::make_work_guard(*loops_.back()));
    }
}

IoRuntime::~IoRuntime() {
    stop();
}

Executor IoRuntime::next_executor() {
    return executor(turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size());
}

void IoRuntime::start() {
    if (started_.exchange(true)) return;
    for (auto& loop : loops_) {
        threads_.emplace_back([&context = *loop] { context.run(); });
    }
}

int IoRuntime::wait_for_signal_blocking() {
    int received = 0;
    signals_->set.async_wait([&](const boost::system::error_code& error, int signal) {
        if (!error) received = signal;
        signals_->loop.stop();
    });
    signals_->loop.run();
    signals_->loop.restart();
    return received;
}

void IoRuntime::request_stop() {
    asio::post(signals_->loop, [this] { signals_->loop.stop(); });
}

void IoRuntime::stop() {
    signals_->guards.clear();
    for (auto& loop : loops_)
        loop->stop();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

}  // namespace zs::async
