#include "adapters/process/attempt_outcome.hpp"

#include "adapters/process/child.hpp"
#include "adapters/process/limits.hpp"
#include "base/json.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace zs::process {

namespace {

using jobs::Failure;
using jobs::Outcome;
using jobs::StopReason;

// Another try may find more room; a program that is not there stays away.
bool may_pass(int error) {
    switch (error) {
        case EAGAIN:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
        case ENOSPC:
        case EIO:
        case EINTR:
        case ETXTBSY: return true;
        default: return false;
    }
}

Outcome not_spawned(const AttemptEnd& end) {
    const auto step = static_cast<ChildStep>(end.spawn_step);
    std::string message = "the program could not be started (" + std::string(to_text(step))
                          + "): " + std::strerror(end.spawn_errno);
    return failed(Failure::SpawnFailed, std::move(message), may_pass(end.spawn_errno));
}

std::string signal_text(int signal) {
    std::string text = "the program was killed by signal " + std::to_string(signal);
    if (const char* name = ::sigabbrev_np(signal)) text += std::string(" (SIG") + name + ")";
    if (signal == SIGXCPU) text += ": its processor time was used up (cpu_secs)";
    if (signal == SIGXFSZ) text += ": a file became too large (file_size_mb)";
    return text;
}

Outcome exited(const AttemptEnd& end) {
    if (WIFSIGNALED(end.wait_status)) {
        const int signal = WTERMSIG(end.wait_status);
        auto outcome = failed(Failure::Signaled, signal_text(signal));
        outcome.error->signal = signal;
        return outcome;
    }
    const int code = WEXITSTATUS(end.wait_status);
    Outcome outcome;
    if (code != 0) {
        outcome = failed(Failure::ExitNonzero,
                         "the program ended with exit code " + std::to_string(code));
        outcome.error->exit_code = code;
    }
    outcome.exit_code = code;
    return outcome;
}

}  // namespace

Outcome failed(Failure code, std::string message, bool retryable) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::Failed;
    outcome.error.emplace();
    outcome.error->code = code;
    outcome.error->message = std::move(message);
    outcome.retryable = retryable;
    return outcome;
}

Outcome ended_as(Outcome::Kind kind) {
    Outcome outcome;
    outcome.kind = kind;
    return outcome;
}

Outcome outcome_of(const AttemptEnd& end, StopReason reason) {
    if (reason == StopReason::LeaseLost) return ended_as(Outcome::Kind::Lost);
    if (end.spawn_errno != 0) return not_spawned(end);
    auto outcome = exited(end);
    const bool succeeded = outcome.kind == Outcome::Kind::Succeeded;
    // A program that used its grace to end well has ended well; one that is being moved elsewhere
    // has only made room.
    if (end.stopped != 0 && reason == StopReason::Drain) return ended_as(Outcome::Kind::Released);
    if (reason == StopReason::Cancel && !succeeded) {
        auto canceled = ended_as(Outcome::Kind::Canceled);
        canceled.exit_code = outcome.exit_code;
        return canceled;
    }
    if (end.timed_out != 0) {
        auto late = failed(Failure::Timeout, "the attempt ran longer than timeout_secs allows");
        late.exit_code = outcome.exit_code;
        return late;
    }
    if (end.oom_killed != 0 && !succeeded) {
        auto memory =
            failed(Failure::OutOfMemory, "the attempt needed more memory than memory_mb allows");
        memory.exit_code = outcome.exit_code;
        return memory;
    }
    return outcome;
}

void read_output_blocking(const std::string& path, Outcome& outcome) {
    const auto invalid = [&](std::string why) {
        const auto code = outcome.exit_code;
        outcome = failed(Failure::InvalidOutput, "output.json " + std::move(why));
        outcome.exit_code = code;
    };
    const Descriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file) {
        if (errno != ENOENT) invalid("cannot be read: it must be a regular file");
        return;
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink != 1) {
        return invalid("must be a regular file with one name");
    }
    std::string text(limits::kOutputBytesMax + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return invalid(std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > limits::kOutputBytesMax) return invalid("is larger than 1 MiB");
    auto json = parse_json(std::string_view(text).substr(0, size));
    if (!json) return invalid("is not JSON: " + json.error().message);
    outcome.output = std::move(*json);
}

}  // namespace zs::process
