#include "async/blocking_pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <vector>

namespace zs::async {

struct BlockingPool::State {
    std::string name;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<UniqueFunction<void()>> queue;
    std::size_t idle = 0;  // threads that look at the queue next
    bool stopping = false;
    std::vector<std::thread> threads;

    void work() {
        std::unique_lock lock(mutex);
        while (true) {
            wake.wait(lock, [&] { return stopping || !queue.empty(); });
            --idle;
            if (queue.empty()) return;
            auto job = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            job();
            job = {};  // what it captured goes before the lock is taken again
            lock.lock();
            ++idle;
        }
    }

    // Wants the lock. Idle threads may have been woken for what is in the queue already.
    bool has_hand_for_one_more(std::size_t threads_max) {
        if (idle > queue.size() || threads.size() >= threads_max) return true;
        try {
            threads.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            return !threads.empty();  // the machine has no more; those there are go on
        }
        ++idle;
        // The kernel keeps 15 characters.
        pthread_setname_np(threads.back().native_handle(), name.substr(0, 15).c_str());
        return true;
    }
};

BlockingPool::BlockingPool(std::string name, Limits limits)
    : limits_(limits), state_(std::make_unique<State>()) {
    state_->name = std::move(name);
    limits_.threads = std::max<std::size_t>(limits.threads, 1);
}

BlockingPool::~BlockingPool() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    for (auto& thread : state_->threads)
        thread.join();
}

bool BlockingPool::try_post(UniqueFunction<void()> job) {
    bool wake_one = false;
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopping || state_->queue.size() >= limits_.queue_max) return false;
        if (!state_->has_hand_for_one_more(limits_.threads)) return false;
        state_->queue.push_back(std::move(job));
        wake_one = state_->idle > 0;
    }
    if (wake_one) state_->wake.notify_one();
    return true;
}

std::size_t BlockingPool::queued() const {
    const std::lock_guard lock(state_->mutex);
    return state_->queue.size();
}

Error BlockingPool::refusal() const {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopping) return unavailable("the server is stopping");
    }
    return unavailable("too much work is waiting (" + state_->name + "): retry in a moment",
                       "overloaded");
}

}  // namespace zs::async
