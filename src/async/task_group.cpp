#include "async/task_group.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <condition_variable>
#include <list>
#include <mutex>

namespace zs::async {
namespace asio = boost::asio;

struct TaskGroup::State {
    // Touched on the executor only, but for its place in the list.
    struct Entry {
        asio::cancellation_signal signal;
        bool started = false;
    };
    std::string name;
    mutable std::mutex mutex;
    std::condition_variable empty;
    std::list<Entry> entries;
    std::atomic<bool> cancelled{false};
};

namespace {

// A signal that arrives before the coroutine has started would end the process inside Asio, so a
// task says that it has started, and looks for itself whether it is still wanted.
template <class State, class Entry>
Task<> run_entry(std::shared_ptr<State> state, Entry entry, Task<> task) {
    entry->started = true;
    if (state->cancelled) co_return;
    co_await std::move(task);
}

void log_failure(const std::string& group, const std::exception_ptr& failure) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) return;
        log::error("task failed", {{"group", group}, {"error", error.what()}});
    } catch (const std::exception& error) {
        log::error("task failed", {{"group", group}, {"error", error.what()}});
    }
}

}  // namespace

TaskGroup::TaskGroup(Executor executor, std::string name)
    : executor_(std::move(executor)), state_(std::make_shared<State>()) {
    state_->name = std::move(name);
}

TaskGroup::~TaskGroup() {
    ZS_ASSERT(size() == 0);
}

void TaskGroup::spawn(Task<> task) {
    std::list<State::Entry>::iterator entry;
    {
        const std::lock_guard lock(state_->mutex);
        entry = state_->entries.emplace(state_->entries.end());
    }
    auto ended = [state = state_, entry](const std::exception_ptr& failure) {
        log_failure(state->name, failure);
        const std::lock_guard lock(state->mutex);
        state->entries.erase(entry);
        if (state->entries.empty()) state->empty.notify_all();
    };
    asio::co_spawn(executor_, run_entry(state_, entry, std::move(task)),
                   asio::bind_cancellation_slot(entry->signal.slot(), std::move(ended)));
}

void TaskGroup::cancel() {
    state_->cancelled = true;
    asio::post(executor_, [state = state_] {
        std::vector<State::Entry*> started;
        {
            const std::lock_guard lock(state->mutex);
            for (auto& entry : state->entries) {
                if (entry.started) started.push_back(&entry);
            }
        }
        // emit() only posts completions, and tasks end on this executor: no entry goes away
        // meanwhile.
        for (auto* entry : started)
            entry->signal.emit(asio::cancellation_type::terminal);
    });
}

void TaskGroup::join_blocking() {
    std::unique_lock lock(state_->mutex);
    state_->empty.wait(lock, [&] { return state_->entries.empty(); });
}

std::size_t TaskGroup::size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->entries.size();
}

}  // namespace zs::async
