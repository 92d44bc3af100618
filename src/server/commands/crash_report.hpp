#pragma once

#include "base/error.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace zs::server {

// What a crash test counted.
struct CrashReport {
    std::uint64_t seed = 0;
    std::map<std::string, int> kills;  // by victim: server, worker, both
    std::map<std::string, int> moments;
    std::size_t submitted = 0;  // answered submits
    std::size_t unanswered = 0;
    // Each of these has to be 0.
    std::size_t lost = 0;
    std::size_t unfinished = 0;
    std::size_t failed = 0;
    std::size_t never_run = 0;
    std::size_t ended_twice = 0;
    std::size_t logs_with_holes = 0;
    // At least once is what is promised: a program runs again when a kill came between its start
    // and the moment from which on it is found again.
    std::size_t run_once = 0;
    std::size_t run_again = 0;
    // Programs of the killed process that ran at the moment of the kill, and what became of them.
    std::size_t cut_off = 0;
    std::size_t attached_again = 0;  // the same attempt went on, and counted
    // From the death of a shim, here or at the worker, to the next attempt of its job.
    std::map<std::string, std::vector<double>> redelivery_ms;

    bool is_good() const;
    boost::json::object show() const;
};

// The log of the last attempt: its numbered lines in order, each once, and nothing else.
bool is_whole_log(const boost::json::value& entries, std::int64_t attempt);

}  // namespace zs::server
