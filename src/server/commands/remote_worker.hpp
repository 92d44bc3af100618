#pragma once

#include "async/task_group.hpp"
#include "server/commands/remote_attempt.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace zs::server {

// Runs jobs of another server, leased over HTTP. Source: jobs.md section 8.
// Lifetime: what it is made of outlives it; drain() and join_blocking() before destroying it.
// Threading: everything on one loop; drain, hurry and join from a thread that is not it.
class RemoteWorker {
public:
    struct Options {
        std::string id;
        std::size_t slots = 4;
        std::vector<std::string> labels;
        std::string environment;  // that the credential decides
        Millis drain_grace{30'000};
        Millis lease_wait{2'000};  // for work, before it is asked for again
        Millis beat_every{2'000};
    };
    RemoteWorker(ServerCalls& calls, SpoolBlobs& blobs, jobs::Worker& worker, Options options,
                 async::Executor executor);

    // Attaches to attempts of an earlier process, as far as the server still grants them.
    async::Task<Result<void>> attach();
    void start();
    // No new leases; attempts get the grace, then are stopped and given back.
    void drain();
    void hurry();
    void join_blocking();

private:
    using AttemptPtr = std::shared_ptr<RemoteAttempt>;
    async::Task<> lease_for_ever();
    async::Task<> beat_for_ever();
    async::Task<> run(AttemptPtr attempt);
    async::Task<> stop_after_grace();
    async::Task<Result<boost::json::array>> beat();
    async::Task<Result<std::size_t>> lease_once();
    boost::json::object lease_request(std::size_t count, Millis wait) const;
    void stop_all(jobs::StopReason reason);

    ServerCalls& calls_;
    SpoolBlobs& blobs_;
    jobs::Worker& worker_;
    const Options options_;
    const async::Executor executor_;
    std::map<jobs::JobId, AttemptPtr> attempts_;
    std::atomic<std::size_t> busy_{0};
    std::atomic<bool> leases_{false};  // a call for work is under way
    std::atomic<bool> draining_{false};
    async::TaskGroup tasks_;
};

}  // namespace zs::server
