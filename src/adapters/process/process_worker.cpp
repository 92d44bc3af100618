#include "adapters/process/process_worker.hpp"

#include "adapters/process/attempt.hpp"
#include "adapters/process/attempt_launch.hpp"
#include "adapters/process/attempt_outcome.hpp"
#include "adapters/process/limits.hpp"
#include "base/log.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace zs::process {

namespace {

Result<JobUser> find_user_blocking(const std::string& name) {
    JobUser user;
    if (name.empty()) return user;
    passwd entry{};
    passwd* found = nullptr;
    std::string room(16'384, '\0');
    if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0
        || found == nullptr) {
        return invalid_argument("worker.run_as (ZWORKER_RUN_AS): there is no user \"" + name
                                + "\"");
    }
    if (::geteuid() != 0 && entry.pw_uid != ::geteuid()) {
        return invalid_argument(
            "worker.run_as (ZWORKER_RUN_AS) needs the privilege to become "
            "another user: run the worker as root, or leave it empty");
    }
    user.change = ::geteuid() == 0;
    user.uid = entry.pw_uid;
    user.gid = entry.pw_gid;
    int count = 64;
    user.groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(name.c_str(), entry.pw_gid, user.groups.data(), &count) < 0) count = 0;
    user.groups.resize(static_cast<std::size_t>(count));
    return user;
}

void clear_blocking(const WorkerGround& ground) {
    for (const auto& name : ground.folder.states_blocking()) {
        const auto folder = ground.folder.attempt(name);
        const auto remains = look_at_remains_blocking(folder);
        if (!remains || !remains->outlived) end_remains_blocking(ground, folder, name);
    }
    ground.folder.remove_strays_blocking();
}

}  // namespace

Result<std::unique_ptr<ProcessWorker>> ProcessWorker::open_blocking(WorkerOptions options,
                                                                    WorkerParts parts) {
    auto user = find_user_blocking(options.run_as);
    if (!user) return user.error();
    const std::string path = std::filesystem::absolute(options.temp_dir).lexically_normal();
    auto folder = TempFolder::open_blocking(path, user->change);
    if (!folder) return folder.error();
    auto ground = std::make_unique<WorkerGround>(std::move(options), parts, std::move(*folder));
    ground->user = std::move(*user);
    if (ground->options.use_cgroups) {
        auto tree = CgroupTree::find_blocking();
        if (tree) {
            ground->cgroups = std::move(*tree);
        } else {
            log::info("jobs run without cgroups (tier L0)", {{"why", tree.error().message}});
        }
    }
    clear_blocking(*ground);
    return std::unique_ptr<ProcessWorker>(new ProcessWorker(std::move(ground)));
}

async::Task<jobs::Outcome> ProcessWorker::run(jobs::LeasedJob job, jobs::EventSink& sink,
                                              jobs::StopSignal& stop) {
    auto attempt = std::make_shared<Attempt>(*ground_, std::move(job), sink, stop);
    co_return co_await attempt->run();
}

async::Task<Result<std::vector<jobs::LeaseRef>>> ProcessWorker::surviving() {
    auto look = [ground = ground_.get()]() -> Result<std::vector<jobs::LeaseRef>> {
        std::vector<jobs::LeaseRef> all;
        for (const auto& name : ground->folder.states_blocking()) {
            if (ground->is_active(name)) continue;
            const auto remains = look_at_remains_blocking(ground->folder.attempt(name));
            const auto parsed = parse_attempt_name(name);
            if (remains && remains->outlived && parsed) {
                ground->offer(name);
                all.push_back({parsed->job, remains->token});
            }
        }
        return all;
    };
    co_return co_await on_pool(ground_->parts.pool, look, limits::kPoolTries, limits::kPoolRetry);
}

async::Task<Result<std::size_t>> ProcessWorker::end_unclaimed() {
    const auto deadline = async::Deadline::after(limits::kClaimPatience);
    while (!ground_->offered().empty() && !deadline.expired())
        co_await async::sleep_for(limits::kAttachRetry);
    auto end = [ground = ground_.get()]() -> Result<std::size_t> {
        std::size_t count = 0;
        for (const auto& name : ground->offered()) {
            if (!ground->withdraw(name)) continue;
            end_remains_blocking(*ground, ground->folder.attempt(name), name);
            ++count;
        }
        return count;
    };
    co_return co_await on_pool(ground_->parts.pool, end, limits::kPoolTries, limits::kPoolRetry);
}

}  // namespace zs::process
