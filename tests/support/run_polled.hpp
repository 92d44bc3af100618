#pragma once

#include "async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace zs::testing {

// Runs a coroutine on the loop of what is tested, without waiting for anything but what the loop
// itself has to do, and answers its value. Throws when the coroutine waits for more: clocks of such
// tests stand still.
template <class T>
T run_polled(boost::asio::io_context& loop, async::Task<T> task) {
    std::optional<T> answer;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T value) {
        if (error) std::rethrow_exception(error);
        answer.emplace(std::move(value));
    });
    loop.restart();
    loop.poll();
    if (!answer) throw std::runtime_error("the call waits for something");
    return std::move(*answer);
}

}  // namespace zs::testing
