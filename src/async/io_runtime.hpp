#pragma once

#include "async/task.hpp"

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace zs::async {

// One event loop per thread. What is accepted on a loop stays on it, so its state needs no lock.
// Lifetime: outlives everything that runs on it; stop() and join() before destroying what the
// handlers use. Threading: construction, stop and join from one thread.
class IoRuntime {
public:
    explicit IoRuntime(std::size_t threads);
    ~IoRuntime();
    IoRuntime(const IoRuntime&) = delete;
    IoRuntime& operator=(const IoRuntime&) = delete;

    std::size_t size() const { return loops_.size(); }
    boost::asio::io_context& loop(std::size_t index) { return *loops_[index]; }
    Executor executor(std::size_t index = 0) { return loops_[index]->get_executor(); }
    // Round robin, for work that belongs to no connection.
    Executor next_executor();

    // Starts the threads. Handlers may be posted before.
    void start();
    // Blocks until SIGTERM or SIGINT arrives, or `request_stop` is called. Returns the signal, or
    // 0.
    int wait_for_signal_blocking();
    void request_stop();
    // Ends the loops and joins their threads. What is still pending is dropped.
    void stop();

private:
    std::vector<std::unique_ptr<boost::asio::io_context>> loops_;
    std::vector<std::thread> threads_;
    std::atomic<std::size_t> turn_{0};
    std::atomic<bool> started_{false};
    struct Signals;
    std::unique_ptr<Signals> signals_;
};

}  // namespace zs::async
