#include "adapters/process/shim_job.hpp"

#include "adapters/process/cgroup.hpp"
#include "adapters/process/limits.hpp"
#include "adapters/process/process_mark.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

namespace zs::process {

namespace {

std::int64_t unix_ms_now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Descriptor open_folder(const std::string& path) {
    return Descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

// A path that fits into a socket's address, however long the folder's own is.
sockaddr_un address_in(int folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder);
    return address;
}

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;
};

bool make_pipe(Pipe& made) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    made.read_end = Descriptor(ends[0]);
    made.write_end = Descriptor(ends[1]);
    // Our end only: what is set here belongs to the end, not to the pipe.
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Result<Descriptor> call_shim_blocking(const std::string& state_folder) {
    const auto folder = open_folder(state_folder);
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!folder || !socket) return unavailable("cannot reach a shim");
    const auto address = address_in(folder.get());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return unavailable(std::string("cannot reach a shim: ") + std::strerror(errno));
    }
    // From here on as the sockets of shims that we start ourselves.
    constexpr timeval kPatience{5, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    (void)::fcntl(socket.get(), F_SETFL, 0);
    return socket;
}

ShimJob::ShimJob(ShimStart start, SpoolWriter spool, ControlChannel& control, int child_signals)
    : start_(std::move(start)),
      spool_(std::move(spool)),
      control_(control),
      child_signals_(child_signals),
      state_folder_(open_folder(start_.state_folder)),
      timeout_at_(Clock::now() + std::chrono::milliseconds(start_.timeout_ms)),
      buffer_(limits::kRecordBytesMax, '\0') {
    auto& head = spool_.head();
    const auto boot = boot_id();
    boot.copy(head.boot_id, sizeof head.boot_id - 1);
    head.shim_start = start_time(::getpid());
    head.shim_pid = ::getpid();
}

void ShimJob::run() {
    for (const auto& note : start_.notes)
        (void)spool_.append(RecordKind::Note, note, unix_ms_now());
    // The mark is in the spool by now. A server that started meanwhile looks for marks, so one that
    // is gone without it must not leave a program behind that nobody knows.
    control_.receive();
    if (!control_.is_open()) return;
    if (start_program()) {
        take_frames();
        while (phase_ != Phase::Done)
            wait_and_handle();
    }
    finish();
}

bool ShimJob::start_program() {
    Pipe output;
    Pipe errors;
    const Descriptor input(::open(start_.input_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!input || !make_pipe(output) || !make_pipe(errors)) {
        end_.spawn_errno = errno;
        end_.spawn_step = static_cast<std::uint32_t>(ChildStep::Pipes);
        return false;
    }
    ChildStreams streams;
    streams.input = input.get();
    streams.output = output.write_end.get();
    streams.errors = errors.write_end.get();
    const auto spawned = spawn_child(start_, streams);
    if (spawned.pid < 0) {
        end_.spawn_errno = spawned.error;
        end_.spawn_step = static_cast<std::uint32_t>(spawned.step);
        return false;
    }
    child_ = spawned.pid;
    auto& head = spool_.head();
    head.child_start = start_time(child_);
    head.child_pid = child_;
    output_.pipe = std::move(output.read_end);
    errors_.pipe = std::move(errors.read_end);
    return true;
}

bool ShimJob::may_read() const {
    return !pending_ && spool_.has_room(limits::kRecordBytesMax);
}

void ShimJob::wait_and_handle() {
    const bool reading = may_read();
    const auto fd_of = [&](const Source& source) { return reading ? source.pipe.get() : -1; };
    pollfd polled[] = {{control_.is_open() ? control_.fd() : listener_.get(), POLLIN, 0},
                       {child_signals_, POLLIN, 0},
                       {fd_of(output_), POLLIN, 0},
                       {fd_of(errors_), POLLIN, 0}};
    (void)::poll(polled, std::size(polled), wait_ms());
    if (polled[0].revents != 0) {
        if (control_.is_open()) {
            handle_control();
        } else {
            accept_server();
        }
    }
    if (pending_) flush_pending();
    if (polled[2].revents != 0) read_source(output_);
    if (polled[3].revents != 0) read_source(errors_);
    if (polled[1].revents != 0) handle_children();
    handle_time();
    if (std::exchange(appended_, false)) control_.wake(Wake::Look);
}

int ShimJob::wait_ms() const {
    auto until = Clock::time_point::max();
    if (phase_ == Phase::Running) until = kill_at_ ? *kill_at_ : timeout_at_;
    if (phase_ == Phase::Killing) until = Clock::now() + limits::kKillAgain;
    if (phase_ == Phase::Draining) until = drain_until_;
    if (pending_) until = std::min(until, Clock::now() + limits::kDiskRetry);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count() + 1;
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void ShimJob::handle_control() {
    control_.receive();
    take_frames();
}

void ShimJob::take_frames() {
    Frame frame;
    while (control_.is_open() && control_.take(frame)) {
        if (frame.kind == FrameKind::Acknowledge && frame.bytes.size() == sizeof(std::uint64_t)) {
            std::uint64_t offset = 0;
            std::memcpy(&offset, frame.bytes.data(), sizeof offset);
            spool_.acknowledge(offset);
        }
        if (frame.kind == FrameKind::Stop && phase_ == Phase::Running && !kill_at_) {
            end_.stopped = 1;
            begin_stop();
        }
    }
    if (!control_.is_open()) listen_for_server();
}

// The server is gone. The next one finds the spool, and this socket beside it.
void ShimJob::listen_for_server() {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto address = address_in(state_folder_.get());
    ::unlinkat(state_folder_.get(), "control", 0);
    if (!socket
        || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
        || ::listen(socket.get(), 1) != 0) {
        return;
    }
    listener_ = std::move(socket);
}

void ShimJob::accept_server() {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    listener_.close();
    control_.replace(std::move(socket));
    appended_ = true;  // it wants to know how far we are
}

void ShimJob::read_source(Source& source) {
    if (!may_read()) return;
    const ssize_t got = ::read(source.pipe.get(), buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        source.pipe.close();
        return;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    const auto now = unix_ms_now();
    appended_ = true;
    if (!spool_.append(source.kind, bytes, now)) {
        pending_ = Pending{source.kind, now, std::string(bytes)};
    }
}

void ShimJob::flush_pending() {
    if (!spool_.append(pending_->kind, pending_->bytes, pending_->unix_ms)) return;
    pending_.reset();
    appended_ = true;
}

void ShimJob::handle_children() {
    signalfd_siginfo ignored[16];
    while (::read(child_signals_, ignored, sizeof ignored) > 0) {}
    if (!child_reaped_) {
        // Until it is reaped its number is not used again, so the group can be killed safely.
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0
            && info.si_pid == child_) {
            begin_killing();
        }
    }
    // Others of the attempt that came to us because their parents are gone.
    if (child_reaped_) kill_rest();
    while (!child_reaped_) {
        siginfo_t info{};
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
        if (info.si_pid == child_) return;
        ::waitpid(info.si_pid, nullptr, WNOHANG);
    }
}

void ShimJob::begin_stop() {
    ::kill(-child_, SIGTERM);
    kill_at_ = Clock::now() + std::chrono::milliseconds(start_.grace_ms);
}

// The main process is gone, or has had its grace: whatever is left goes now.
void ShimJob::begin_killing() {
    phase_ = Phase::Killing;
    ::kill(-child_, SIGKILL);
    if (!start_.cgroup.empty()) kill_cgroup(start_.cgroup);
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) == child_) {
        child_reaped_ = true;
        end_.wait_status = status;
    }
    kill_rest();
}

void ShimJob::kill_rest() {
    if (phase_ != Phase::Killing) return;
    while (true) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid == child_) {
            child_reaped_ = true;
            end_.wait_status = status;
        }
        if (pid > 0) continue;
        if (pid < 0 && errno == ECHILD) break;
        kill_descendants(::getpid());
        return;
    }
    if (!start_.cgroup.empty() && is_populated(start_.cgroup)) {
        kill_cgroup(start_.cgroup);
        return;
    }
    phase_ = Phase::Draining;
    drain_until_ = Clock::now() + limits::kDrain;
}

void ShimJob::handle_time() {
    const auto now = Clock::now();
    if (phase_ == Phase::Running && !kill_at_ && now >= timeout_at_) {
        end_.timed_out = 1;
        begin_stop();
    }
    if (phase_ == Phase::Running && kill_at_ && now >= *kill_at_) begin_killing();
    if (phase_ == Phase::Killing) kill_rest();
    if (phase_ != Phase::Draining) return;
    if (!output_.pipe && !errors_.pipe && !pending_) phase_ = Phase::Done;
    // A server that is there and slow is waited for; one that is not may never come.
    if (!may_read() && control_.is_open() && !pending_) drain_until_ = now + limits::kDrain;
    if (phase_ == Phase::Draining && now >= drain_until_) {
        end_.cut = 1;
        phase_ = Phase::Done;
    }
}

void ShimJob::finish() {
    if (!start_.cgroup.empty()) {
        end_.oom_killed = had_oom_kill(start_.cgroup) ? 1 : 0;
        remove_cgroup(start_.cgroup);
    }
    end_.unix_ms = unix_ms_now();
    spool_.end(end_);
    control_.wake(Wake::Done);
}

}  // namespace zs::process
