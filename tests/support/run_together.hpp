#pragma once

#include "async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace zs::testing {

// Runs coroutines at once on one loop, on this thread, and answers their values in the order given.
template <class T>
std::vector<T> run_together(std::vector<async::Task<T>> tasks) {
    boost::asio::io_context loop;
    std::exception_ptr failure;
    std::vector<std::optional<T>> answers(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        boost::asio::co_spawn(loop, std::move(tasks[i]),
                              [&, i](const std::exception_ptr& error, T value) {
                                  if (error) {
                                      failure = error;
                                  } else {
                                      answers[i].emplace(std::move(value));
                                  }
                              });
    }
    loop.run();
    if (failure) std::rethrow_exception(failure);
    std::vector<T> values;
    values.reserve(answers.size());
    for (auto& answer : answers)
        values.push_back(std::move(*answer));
    return values;
}

}  // namespace zs::testing
