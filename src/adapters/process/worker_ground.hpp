#pragma once

#include "adapters/process/attempt_folder.hpp"
#include "adapters/process/cgroup.hpp"
#include "adapters/process/shim_pool.hpp"
#include "adapters/process/worker_options.hpp"
#include "async/blocking_pool.hpp"
#include "async/sleep.hpp"
#include "base/clock.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"
#include "core/jobs/worker.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace zs::process {

// Opens what `files` of a job names, as far as its tenant has it. Errors: NotFound.
class InputFiles {
public:
    virtual ~InputFiles() = default;
    virtual async::Task<Result<std::unique_ptr<files::BlobReader>>> open(identity::Tenant tenant,
                                                                         files::Digest blob) = 0;
};

// What a worker needs of the rest. All of it outlives the worker.
struct WorkerParts {
    async::BlockingPool& pool;
    files::BlobStore& blobs;    // where artifacts go
    files::BlobLedger& ledger;  // which claims them
    InputFiles& inputs;
    const Clock& clock;
};

// What the attempts of one worker share. Threading: any.
struct WorkerGround {
    WorkerGround(WorkerOptions o, WorkerParts p, TempFolder f)
        : options(std::move(o)),
          parts(p),
          folder(std::move(f)),
          shims(options.shim_command, options.idle_shims) {}

    const WorkerOptions options;
    const WorkerParts parts;
    const TempFolder folder;
    JobUser user;
    std::optional<CgroupTree> cgroups;
    ShimPool shims;

    jobs::SandboxTier tier() const {
        return cgroups ? jobs::SandboxTier::L1 : jobs::SandboxTier::L0;
    }

    // Names of attempts that run() is busy with.
    void set_active(const std::string& name) {
        const std::lock_guard lock(mutex_);
        active_.insert(name);
        offered_.erase(name);
    }
    void set_done(const std::string& name) {
        const std::lock_guard lock(mutex_);
        active_.erase(name);
    }
    bool is_active(const std::string& name) const {
        const std::lock_guard lock(mutex_);
        return active_.contains(name);
    }

    // Names of attempts that outlived a restart, until run() takes them.
    void offer(const std::string& name) {
        const std::lock_guard lock(mutex_);
        if (!active_.contains(name)) offered_.insert(name);
    }
    std::set<std::string> offered() const {
        const std::lock_guard lock(mutex_);
        return offered_;
    }
    // True when run() has not taken it, and now never shall.
    bool withdraw(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return offered_.erase(name) > 0;
    }

private:
    mutable std::mutex mutex_;
    std::set<std::string> active_;
    std::set<std::string> offered_;
};

// Runs `work` on the pool; waits when the pool has no room. What `work` captures is copied for each
// try. Errors: what `work` answers.
template <class Work>
async::Task<std::invoke_result_t<Work&>> on_pool(async::BlockingPool& pool, Work work, int tries,
                                                 Millis pause) {
    while (true) {
        Work copy = work;
        auto answer = co_await pool.run(std::move(copy));
        if (answer || answer.error().reason != "overloaded" || --tries <= 0) co_return answer;
        co_await async::sleep_for(pause);
    }
}

}  // namespace zs::process
