#include "adapters/process/child.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace zs::process {

namespace {

// Everything the child reads, laid out before it exists: between vfork and exec it shares our
// memory and must not allocate.
struct Plan {
    const ShimStart* start = nullptr;
    ChildStreams streams;
    pid_t parent = 0;
    int cgroup_procs = -1;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    // What the child leaves when it fails.
    volatile int error = 0;
    volatile ChildStep step = ChildStep::None;
};

bool take_streams(const ChildStreams& streams) {
    // The shim's own 0 to 2 are /dev/null, so no source is overwritten before it is used.
    return ::dup2(streams.input, 0) == 0 && ::dup2(streams.output, 1) == 1
           && ::dup2(streams.errors, 2) == 2;
}

void reset_signals() {
    struct sigaction fresh {};
    fresh.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal)
        ::sigaction(signal, &fresh, nullptr);
}

// The C library's setters signal every thread; the kernel's change only the caller.
bool change_user(const ShimStart& start) {
    if (!start.change_user) return true;
    return ::syscall(SYS_setgroups, start.groups.size(), start.groups.data()) == 0
           && ::syscall(SYS_setresgid, start.gid, start.gid, start.gid) == 0
           && ::syscall(SYS_setresuid, start.uid, start.uid, start.uid) == 0;
}

bool set_limits(const ShimStart& start) {
    for (const auto& limit : start.limits) {
        struct rlimit value {};
        value.rlim_cur = limit.soft;
        value.rlim_max = limit.hard;
        if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value) != 0)
            return false;
    }
    return true;
}

// When memory runs out, the kernel is to choose a job and not the server. Best effort.
void offer_to_oom_killer() {
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    (void)!::write(file, "500", 3);
    ::close(file);
}

[[noreturn]] void fail(Plan& plan, ChildStep step) {
    plan.error = errno;
    plan.step = step;
    ::_exit(127);
}

[[noreturn]] void become_program(Plan& plan) {
    const ShimStart& start = *plan.start;
    ::setsid();
    reset_signals();
    ::umask(077);
    if (plan.cgroup_procs >= 0 && ::write(plan.cgroup_procs, "0", 1) != 1) {
        fail(plan, ChildStep::Cgroup);
    }
    offer_to_oom_killer();
    if (!take_streams(plan.streams)) fail(plan, ChildStep::Pipes);
    if (!set_limits(start)) fail(plan, ChildStep::Limits);
    if (!change_user(start)) fail(plan, ChildStep::User);
    if (::chdir(start.work_folder.c_str()) != 0) fail(plan, ChildStep::Folder);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(plan, ChildStep::Privileges);
    // Behind the change of user, which clears it.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(plan, ChildStep::Privileges);
    if (::getppid() != plan.parent) ::_exit(127);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(start.program.c_str(), plan.arguments, plan.environment);
    fail(plan, ChildStep::Execute);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const auto& text : texts)
        all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

// Nothing of this frame is used after vfork but `plan`, which lives in the caller's.
[[gnu::noinline]] pid_t vfork_into(Plan& plan) {
    const pid_t pid = ::vfork();
    if (pid == 0) become_program(plan);
    return pid;
}

}  // namespace

std::string_view to_text(ChildStep step) noexcept {
    switch (step) {
        case ChildStep::None: return "nothing";
        case ChildStep::Pipes: return "making its pipes";
        case ChildStep::Fork: return "making its process";
        case ChildStep::Cgroup: return "entering its cgroup";
        case ChildStep::Limits: return "setting its limits";
        case ChildStep::Folder: return "entering its working directory";
        case ChildStep::User: return "changing to its user";
        case ChildStep::Privileges: return "giving up privileges";
        case ChildStep::Execute: return "executing it";
    }
    return "an unknown step";
}

SpawnedChild spawn_child(const ShimStart& start, const ChildStreams& streams) {
    SpawnedChild spawned;
    Plan plan;
    plan.start = &start;
    plan.streams = streams;
    plan.parent = ::getpid();
    const auto arguments = pointers(start.arguments);
    const auto environment = pointers(start.environment);
    plan.arguments = arguments.data();
    plan.environment = environment.data();
    if (!start.cgroup.empty()) {
        plan.cgroup_procs = ::open((start.cgroup + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
        if (plan.cgroup_procs < 0) {
            spawned.error = errno;
            spawned.step = ChildStep::Cgroup;
            return spawned;
        }
    }
    // No handler of ours may run on the shared memory.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t pid = vfork_into(plan);
    const int fork_error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (plan.cgroup_procs >= 0) ::close(plan.cgroup_procs);
    if (pid < 0) {
        spawned.error = fork_error;
        spawned.step = ChildStep::Fork;
        return spawned;
    }
    if (plan.error != 0) {
        spawned.error = plan.error;
        spawned.step = plan.step;
        ::waitpid(pid, nullptr, 0);
        return spawned;
    }
    spawned.pid = pid;
    return spawned;
}

}  // namespace zs::process
