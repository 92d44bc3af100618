#include "adapters/process/attempt_launch.hpp"

#include "adapters/process/environment.hpp"
#include "adapters/process/limits.hpp"
#include "adapters/process/program.hpp"
#include "adapters/process/resource_plan.hpp"
#include "adapters/process/shim_job.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>

namespace zs::process {

namespace {

Error spawn_failed(std::string message) {
    return invalid_argument(std::move(message), "spawn_failed");
}

ResourceFacts facts_for(const WorkerGround& ground, const jobs::ResourceLimits& asked) {
    ResourceFacts facts;
    facts.has_cgroup = ground.cgroups.has_value();
    struct rlimit files {};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY) {
        facts.open_files_hard = files.rlim_max;
    }
    if (needs_user_tasks(asked, facts.has_cgroup)) {
        facts.user_tasks = tasks_of_user(ground.user.change ? ground.user.uid : ::geteuid());
    }
    return facts;
}

Result<std::string> find_allowed(const WorkerGround& ground, const jobs::JobSpec& spec,
                                 const std::vector<std::string>& environment,
                                 const AttemptFolder& folder) {
    auto program = find_program_blocking(spec.command.front(), find_variable(environment, "PATH"),
                                         folder.work());
    if (!program) return spawn_failed(program.error().message);
    if (!is_allowed_blocking(*program, ground.options.allow)) {
        return spawn_failed(spec.command.front().substr(0, 256)
                            + " is not among the programs that this worker runs (ZWORKER_ALLOW)");
    }
    return program;
}

Result<ShimStart> plan_start(const WorkerGround& ground, const AttemptFolder& folder,
                             const jobs::LeasedJob& job) {
    const auto& spec = job.job.spec;
    ShimStart start;
    start.state_folder = folder.state;
    start.work_folder = folder.work();
    start.input_file = folder.input();
    start.arguments = spec.command;
    start.environment = make_environment(job, folder);
    auto program = find_allowed(ground, spec, start.environment, folder);
    if (!program) return program.error();
    start.program = std::move(*program);
    start.timeout_ms = std::chrono::duration_cast<Millis>(spec.timeout).count();
    start.grace_ms = ground.options.kill_grace.count();
    start.change_user = ground.user.change;
    start.uid = ground.user.uid;
    start.gid = ground.user.gid;
    start.groups = ground.user.groups;
    auto plan = plan_resources(spec.resources, ground.options, facts_for(ground, spec.resources));
    start.limits = std::move(plan.limits);
    start.notes = std::move(plan.notes);
    if (ground.cgroups) {
        const auto name = "job-" + AttemptFolder::name_of(job.job.id, job.job.counters.attempt);
        auto cgroup = ground.cgroups->make_blocking(name, plan.cgroup);
        if (!cgroup) return cgroup.error();
        start.cgroup = std::move(*cgroup);
    }
    return start;
}

}  // namespace

Result<RunningAttempt> launch_blocking(WorkerGround& ground, const AttemptFolder& folder,
                                       const jobs::LeasedJob& job) {
    auto start = plan_start(ground, folder, job);
    if (!start) return start.error();
    SpoolHead head;
    head.magic = kSpoolMagic;
    head.token = static_cast<std::uint64_t>(job.job.token);
    head.lines_before = job.job.log_count;
    head.attempt = job.job.counters.attempt;
    auto created = create_spool_blocking(folder.state, head);
    if (!created) return created.error();
    RunningAttempt running;
    running.lines_before = head.lines_before;
    auto spool = SpoolReader::open_blocking(folder.state);
    if (!spool) return spool.error();
    running.spool = std::move(*spool);
    auto line = ground.shims.take_blocking();
    if (!line) return line.error();
    running.line = std::move(*line);
    auto sent = running.line->send_blocking(FrameKind::Start, encode(*start));
    if (!sent) {
        ground.shims.drop(std::move(running.line));
        return sent.error();
    }
    return running;
}

Result<RunningAttempt> attach_blocking(const AttemptFolder& folder, jobs::LeaseToken token) {
    RunningAttempt running;
    auto spool = SpoolReader::open_blocking(folder.state);
    if (!spool) return spool.error();
    running.spool = std::move(*spool);
    auto head = running.spool.head_blocking();
    if (!head) return head.error();
    if (head->token != static_cast<std::uint64_t>(token)) {
        return data_loss("the spool belongs to another lease");
    }
    running.lines_before = head->lines_before;
    if (head->ended != 0 || !is_alive(head->shim())) return running;
    auto socket = call_shim_blocking(folder.state);
    if (socket) {
        ucred peer{};
        socklen_t size = sizeof peer;
        ::getsockopt(socket->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
        running.line = std::make_unique<ShimLine>(std::move(*socket), peer.pid);
        return running;
    }
    // It may just have ended; else it has not yet seen that the last server is gone.
    head = running.spool.head_blocking();
    if (!head) return head.error();
    if (head->ended != 0 || !is_alive(head->shim())) return running;
    return socket.error();
}

Result<Remains> look_at_remains_blocking(const AttemptFolder& folder) {
    auto spool = SpoolReader::open_blocking(folder.state);
    if (!spool) return spool.error();
    auto head = spool->head_blocking();
    if (!head) return head.error();
    Remains remains;
    remains.token = jobs::LeaseToken{head->token};
    const bool same_boot = boot_id() == head->boot_id;
    remains.outlived = head->ended != 0 || (same_boot && is_alive(head->shim()));
    return remains;
}

void end_shim_blocking(pid_t shim) {
    constexpr int kRounds = 200;
    for (int round = 0; round < kRounds && kill_descendants(shim) > 0; ++round)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::kill(shim, SIGKILL);
}

void end_remains_blocking(const WorkerGround& ground, const AttemptFolder& folder,
                          const std::string& name) {
    if (ground.cgroups) {
        const auto cgroup = ground.cgroups->folder() + "/job-" + name;
        kill_cgroup(cgroup);
        remove_cgroup(cgroup);
    }
    auto spool = SpoolReader::open_blocking(folder.state);
    auto head = spool ? spool->head_blocking() : Result<SpoolHead>(spool.error());
    // The shim of an attempt that has ended serves another one by now.
    if (head && head->ended == 0 && boot_id() == head->boot_id) {
        if (is_alive(head->child())) ::kill(-head->child_pid, SIGKILL);
        if (is_alive(head->shim())) end_shim_blocking(head->shim_pid);
    }
    folder.remove_blocking();
}

}  // namespace zs::process
