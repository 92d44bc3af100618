#pragma once

#include "async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <utility>

namespace zs::async {

// Runs one coroutine on `executor` and waits for its answer: for start-up, shut-down and commands.
// Never from a thread that runs the executor. Throws what the coroutine throws.
template <class T>
T run_blocking(Executor executor, Task<T> task) {
    return boost::asio::co_spawn(std::move(executor), std::move(task), boost::asio::use_future)
        .get();
}

}  // namespace zs::async
