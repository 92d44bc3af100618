#pragma once

#include "adapters/process/worker_ground.hpp"
#include "async/deadline.hpp"
#include "core/jobs/worker.hpp"
#include "server/commands/server_calls.hpp"
#include "server/commands/spool_blobs.hpp"

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>

namespace zs::server {

// One attempt that was leased from another server.
// Threading: the worker's loop; request_stop() from any thread.
class RemoteAttempt final : public jobs::EventSink, public jobs::StopSignal {
public:
    RemoteAttempt(ServerCalls& calls, SpoolBlobs& blobs, jobs::LeasedJob job, Millis lease);

    const jobs::LeasedJob& job() const { return job_; }
    std::string token_text() const;
    void request_stop(jobs::StopReason reason);
    // What the server granted at a heartbeat.
    void extend(Millis lease);
    // A lease is not used to its last moment: by then somebody else may have the job.
    bool is_over() const { return end_.expired(); }
    // The last progress that was not told yet.
    std::optional<jobs::Progress> take_progress();

    async::Task<Result<void>> log(std::vector<jobs::LogLine> lines) override;
    async::Task<Result<void>> progress(jobs::Progress progress) override;
    async::Task<Result<void>> artifact(jobs::Artifact artifact) override;
    std::stop_token token() const override { return stop_.get_token(); }
    jobs::StopReason reason() const override { return reason_.load(); }

    // Tells the server how it ended; tries again while the lease lasts.
    async::Task<> report(jobs::Outcome outcome);

private:
    std::string path(std::string_view rest) const;
    // Tries again while the server cannot be reached and the lease lasts.
    async::Task<Result<void>> tell(std::string path, boost::json::object body);
    async::Task<Result<void>> tell_once(std::string path, boost::json::object body);
    async::Task<Result<void>> tell_lines(boost::json::array lines);

    ServerCalls& calls_;
    SpoolBlobs& blobs_;
    const jobs::LeasedJob job_;
    std::uint64_t lines_stored_;  // of the job, as far as is known
    async::Deadline end_;
    std::optional<jobs::Progress> progress_;
    std::stop_source stop_;
    std::atomic<jobs::StopReason> reason_{jobs::StopReason::None};
};

// Files that jobs ask for, from the server that the jobs come from.
class RemoteInputs final : public process::InputFiles {
public:
    explicit RemoteInputs(ServerCalls& calls) : calls_(calls) {}
    async::Task<Result<std::unique_ptr<files::BlobReader>>> open(identity::Tenant tenant,
                                                                 files::Digest blob) override;

private:
    ServerCalls& calls_;
};

// A job as the lease API shows it. Errors: DataLoss when it is none.
Result<jobs::LeasedJob> parse_leased_job(const boost::json::value& shown, std::uint64_t token,
                                         std::uint32_t attempt);

}  // namespace zs::server
