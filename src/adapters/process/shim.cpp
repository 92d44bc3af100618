#include "adapters/process/shim.hpp"

#include "adapters/process/control_channel.hpp"
#include "adapters/process/shim_job.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <linux/close_range.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace zs::process {

namespace {

constexpr int kControl = 3;

void detach_from_server() {
    ::setsid();
    ::prctl(PR_SET_NAME, "zserver-shim");
    ::umask(077);
    // What is open belongs to the server: its listeners must not live as long as a job.
    ::syscall(SYS_close_range, kControl + 1, ~0U, 0U);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd)
        ::dup2(null, fd);
    if (null > 2) ::close(null);
    // The socket's end says when to go. A signal to the whole service does not: the jobs get it
    // from the server, with their grace.
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ})
        std::signal(signal, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);
}

// The next attempt to run; nothing when the server is gone.
std::optional<ShimStart> wait_for_start(ControlChannel& control) {
    while (control.is_open()) {
        pollfd polled{control.fd(), POLLIN, 0};
        (void)::poll(&polled, 1, -1);
        control.receive();
        Frame frame;
        while (control.is_open() && control.take(frame)) {
            // What came too late for the last attempt is of no interest.
            if (frame.kind != FrameKind::Start) continue;
            auto start = decode_start(frame.bytes);
            if (!start) return std::nullopt;
            return std::move(*start);
        }
    }
    return std::nullopt;
}

void serve() {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &children, nullptr);
    const Descriptor child_signals(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    ::fcntl(kControl, F_SETFD, FD_CLOEXEC);
    ControlChannel control{Descriptor(kControl)};
    while (true) {
        auto start = wait_for_start(control);
        if (!start) return;
        // Without its spool the attempt was given up before it began.
        auto spool = SpoolWriter::open(start->state_folder);
        if (!spool) return;
        ShimJob(std::move(*start), std::move(*spool), control, child_signals.get()).run();
    }
}

}  // namespace

bool is_shim_command(int argc, char** argv) {
    return argc == 2 && argv[1] == kShimCommand;
}

int run_shim() {
    detach_from_server();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    try {
        serve();
    } catch (const std::exception&) {
        // Out of memory, at the most. The server sees the line end and counts the attempt as lost.
        return 1;
    }
    return 0;
}

}  // namespace zs::process
