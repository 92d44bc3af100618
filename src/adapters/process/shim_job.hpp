#pragma once

#include "adapters/process/child.hpp"
#include "adapters/process/control_channel.hpp"
#include "adapters/process/shim_message.hpp"
#include "adapters/process/spool.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace zs::process {

// One attempt, as its shim sees it: starts the program, moves its output to the spool, ends it when
// its time is up or the server says so, and is done when nothing of it runs any more. Goes on when
// the server goes away, and takes another one that knocks at the socket "control" beside the spool.
// Threading: the shim has one thread, a child subreaper, with SIGCHLD blocked.
class ShimJob {
public:
    // `child_signals`: a signalfd for SIGCHLD.
    ShimJob(ShimStart start, SpoolWriter spool, ControlChannel& control, int child_signals);
    void run();

private:
    using Clock = std::chrono::steady_clock;
    enum class Phase { Running, Killing, Draining, Done };
    struct Source {
        Descriptor pipe;
        RecordKind kind = RecordKind::Stdout;
    };
    struct Pending {
        RecordKind kind = RecordKind::Stdout;
        std::int64_t unix_ms = 0;
        std::string bytes;
    };

    bool start_program();
    void wait_and_handle();
    int wait_ms() const;
    void handle_control();
    void take_frames();
    void accept_server();
    void listen_for_server();
    void read_source(Source& source);
    void flush_pending();
    bool may_read() const;
    void handle_children();
    void begin_stop();
    void begin_killing();
    void kill_rest();
    void handle_time();
    void finish();

    ShimStart start_;
    SpoolWriter spool_;
    ControlChannel& control_;
    int child_signals_;
    Descriptor state_folder_;
    Descriptor listener_;
    Source output_{{}, RecordKind::Stdout};
    Source errors_{{}, RecordKind::Stderr};
    std::optional<Pending> pending_;  // the disk refused it
    Phase phase_ = Phase::Running;
    pid_t child_ = -1;
    bool child_reaped_ = false;
    bool appended_ = false;
    AttemptEnd end_;
    Clock::time_point timeout_at_;
    std::optional<Clock::time_point> kill_at_;
    Clock::time_point drain_until_;
    std::string buffer_;
};

// Puts a server's call through to the shim of the attempt whose spool is in `state_folder`.
Result<Descriptor> call_shim_blocking(const std::string& state_folder);

}  // namespace zs::process
