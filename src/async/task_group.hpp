#pragma once

#include "async/task.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <string>

namespace zs::async {

// Owns the coroutines that nobody awaits: sessions, pollers. All of one group run on one executor.
// Lifetime: cancel() and join() before destroying what the coroutines use; the destructor asserts
// that none is left. Threading: spawn and cancel from any thread.
class TaskGroup {
public:
    TaskGroup(Executor executor, std::string name);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Starts `task`. An exception out of it is logged and ends that task alone.
    void spawn(Task<> task);
    // Asks every task to end: its pending wait fails with operation_aborted. Tasks spawned later
    // are cancelled at once.
    void cancel();
    // Waits for the last task from a thread that is not the group's own loop.
    void join_blocking();
    std::size_t size() const;

private:
    struct State;
    Executor executor_;
    std::shared_ptr<State> state_;
};

}  // namespace zs::async
