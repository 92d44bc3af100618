#pragma once

#include "async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace zs::testing {

// Runs one coroutine to its end on a loop of its own, on this thread, and answers its value.
// gtest's ASSERT_* cannot stand in a coroutine; a test body calls this instead.
template <class T>
T run_task(async::Task<T> task) {
    boost::asio::io_context loop;
    std::exception_ptr failure;
    std::optional<T> answer;
    boost::asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& error, T value) {
        failure = error;
        if (!error) answer.emplace(std::move(value));
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*answer);
}

inline void run_task(async::Task<void> task) {
    boost::asio::io_context loop;
    std::exception_ptr failure;
    boost::asio::co_spawn(loop, std::move(task),
                          [&](const std::exception_ptr& error) { failure = error; });
    loop.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace zs::testing
