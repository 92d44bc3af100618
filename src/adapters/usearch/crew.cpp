#include "adapters/usearch/crew.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace zs::usearch {
namespace {

// Shared with helpers, some of whom come when everything is done.
class Job {
public:
    Job(std::size_t count, const std::function<void(std::size_t)>& piece)
        : count_(count), piece_(&piece) {}

    void work() {
        for (std::size_t i = next_++; i < count_; i = next_++)
            (*piece_)(i);
    }
    void help() {
        {
            const std::lock_guard hold(mutex_);
            if (closed_) return;
            ++helpers_;
        }
        work();
        const std::lock_guard hold(mutex_);
        --helpers_;
        changed_.notify_all();
    }
    void close() {
        std::unique_lock hold(mutex_);
        closed_ = true;
        changed_.wait(hold, [this] { return helpers_ == 0; });
    }

private:
    const std::size_t count_;
    const std::function<void(std::size_t)>* piece_;  // the caller's, until close() returns
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t helpers_ = 0;
    bool closed_ = false;
};

}  // namespace

void Crew::run_blocking(std::size_t count, const std::function<void(std::size_t)>& piece) {
    const auto job = std::make_shared<Job>(count, piece);
    const std::size_t helpers = std::max<std::size_t>(1, std::min(threads_, count)) - 1;
    for (std::size_t i = 0; i < helpers && pool_.queued() == 0; ++i) {
        if (!pool_.try_post([job] { job->help(); })) break;
    }
    job->work();
    job->close();
}

}  // namespace zs::usearch
