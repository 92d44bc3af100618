#pragma once

#include "support/http_client.hpp"
#include "support/statistics.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace zs::bench {

using Seconds = std::chrono::duration<double>;

// What one run is about, whoever answers.
struct LoadOptions {
    int clients = 64;
    int pipeline = 1;  // requests in flight per HTTP connection
    Seconds warm_up{0.5};
    Seconds measured{2};
    // Processor seconds the answering side has used so far; sampled around the measured time.
    std::function<double()> server_cpu;
};

struct LoadResult {
    std::uint64_t answers = 0;   // good ones
    std::uint64_t failures = 0;  // other statuses and broken connections
    std::string first_failure;
    double seconds = 0;
    double server_cpu_seconds = 0;
    Histogram latency;
};

// Appends one complete request.
using MakeRequest = std::function<void(std::string& out)>;

// Many keep-alive connections from one thread with epoll; each sends its next request when
// an answer has come (closed loop). Throws Failure when it cannot connect.
LoadResult run_http_load(Endpoint endpoint, const LoadOptions& options, const MakeRequest& make);

// Makes the work of one client: a call is one operation. It runs on the client's own thread.
using MakeClient = std::function<std::function<void()>(int client)>;

// One thread per client, each calling its work again and again. A Failure out of the work ends the
// run and is thrown again here.
LoadResult run_thread_load(const LoadOptions& options, const MakeClient& make);

}  // namespace zs::bench
