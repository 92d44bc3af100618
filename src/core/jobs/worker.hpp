#pragma once

#include "async/task.hpp"
#include "core/files/digest.hpp"
#include "core/jobs/job_store.hpp"

#include <boost/json/value.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zs::jobs {

enum class LogStream : std::uint8_t { Stdout, Stderr, System };
std::string_view to_text(LogStream stream) noexcept;  // stdout, stderr, system
std::optional<LogStream> log_stream(std::string_view text) noexcept;

// One line on its way into the log: bytes as they came, without the line end.
struct LogLine {
    LogStream stream = LogStream::Stdout;
    Timestamp at;
    std::string bytes;
    bool part = false;  // the line goes on in the next entry
};

struct Progress {
    double fraction = 0;  // 0 to 1
    std::string message;
};

// A file that lies in the blob store and now belongs to the job.
struct Artifact {
    std::string name;  // relative, with '/'
    files::Digest sha256;
    std::uint64_t size = 0;
};

// Takes what an attempt reports, in order.
// Threading: one call at a time; a call that waits holds the worker back (back-pressure).
// Errors:    Conflict "lease_lost": the attempt is to be killed; what else it says counts nothing.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual async::Task<Result<void>> log(std::vector<LogLine> lines) = 0;
    virtual async::Task<Result<void>> progress(Progress progress) = 0;
    virtual async::Task<Result<void>> artifact(Artifact artifact) = 0;
};

// Why an attempt is asked to end.
enum class StopReason : std::uint8_t { None, Cancel, LeaseLost, Drain };

// Tells an attempt to end. Threading: any.
class StopSignal {
public:
    virtual ~StopSignal() = default;
    virtual std::stop_token token() const = 0;
    virtual StopReason reason() const = 0;
};

// Runs attempts of jobs of the kinds it knows.
// Lifetime:  run() returns when nothing of the attempt runs any more, and no sooner.
// Threading: several runs at once, each on the executor of its caller; never blocks it.
class Worker {
public:
    virtual ~Worker() = default;
    // JobSpec::kind of what it runs; "process" for programs.
    virtual std::vector<std::string> kinds() const = 0;
    virtual SandboxTier sandbox() const = 0;
    // `sink` and `stop` outlive the call. The timeout of the job is the worker's to keep.
    virtual async::Task<Outcome> run(LeasedJob job, EventSink& sink, StopSignal& stop) = 0;
    // Attempts that outlived a restart of the server (shims): run again to attach to them. The
    // queue gives each a full lease before it asks.
    virtual async::Task<Result<std::vector<LeaseRef>>> surviving() = 0;
};

}  // namespace zs::jobs
