#pragma once

#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"
#include "core/jobs/worker.hpp"

#include <cstdint>
#include <stop_token>
#include <string>

namespace zs::jobs {

// Where handlers' artifacts go. Lifetime: outlives the worker.
struct HandlerPorts {
    files::BlobStore& blobs;
    files::BlobLedger& ledger;
    const Clock& clock;
};

// Of one attempt. Source: jobs.md section 7, Artifacts.
struct HandlerLimits {
    std::size_t artifact_files_max = 1000;
    std::uint64_t artifact_bytes_max = 1ULL << 30;
};

// What a handler runs with: its job, and the ways to say what comes of it.
// Lifetime:   one run of the handler; what the handler starts ends before the handler does.
// Threading:  the loop that the handler runs on; should_stop() and stop_token() from any thread.
// Durability: what log() and artifact() were answered for survives power loss.
// Errors:     Conflict "lease_lost": somebody else may have the job now. Return: nothing that is
//             said counts any more.
class HandlerContext {
public:
    // `ending` says when to stop; all outlive the context.
    HandlerContext(const LeasedJob& job, EventSink& sink, StopSignal& ending, HandlerPorts ports,
                   HandlerLimits limits);

    const Job& job() const { return job_.job; }
    // Errors: DataLoss when it is no JSON: a submit with such an input is refused.
    Result<boost::json::value> input() const;

    // Cancel, the end of `timeout_secs`, a lost lease, a server that stops: a handler looks every
    // now and then, and returns stopped() when it leaves its work undone. One that never looks
    // keeps its slot, and the server waits for it.
    bool should_stop() const { return ending_.token().stop_requested(); }
    std::stop_token stop_token() const { return ending_.token(); }
    StopReason reason() const { return ending_.reason(); }
    Error stopped() const;
    // False: there was a reason to stop before `span` was over.
    async::Task<bool> wait(Millis span);

    // Text of one or more lines. One call is one disk sync, shared with others: say much at once.
    async::Task<Result<void>> log(std::string text, LogStream stream = LogStream::Stdout);
    // 0 to 1. At most ten a second are told, the latest wins.
    async::Task<Result<void>> progress(double fraction, std::string message = {});
    // Errors: InvalidArgument "invalid_name"; TooLarge "artifact_limit".
    async::Task<Result<void>> artifact(std::string name, std::string bytes);

private:
    async::Task<Result<files::BlobInfo>> store(std::string bytes);

    const LeasedJob& job_;
    EventSink& sink_;
    StopSignal& ending_;
    const HandlerPorts ports_;
    const HandlerLimits limits_;
    std::size_t artifact_files_ = 0;
    std::uint64_t artifact_bytes_ = 0;
};

// The lines of a text as the log keeps them: without line ends, long ones in parts.
std::vector<LogLine> split_lines(std::string_view text, LogStream stream, Timestamp at);

}  // namespace zs::jobs
