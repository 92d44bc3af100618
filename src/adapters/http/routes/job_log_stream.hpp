#pragma once

#include "adapters/http/routes/job_support.hpp"
#include "core/jobs/job_queue.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace zs::http {

// How log lines travel: NDJSON, server-sent events, or bare lines.
enum class LogForm : std::uint8_t { Json, Events, Text };
LogForm log_form(std::string_view accept);

// The lines of a job from one number on, as they come, until the job has ended and its last line
// has been sent. A last record says how it ended. While nothing is printed a sign of life goes out
// now and then, so that a client that has left is noticed.
// Lifetime: one answer; queue and flag outlive it.
class JobLogStream final : public BodySource {
public:
    struct Source {
        identity::Tenant tenant;
        jobs::JobId job;
        jobs::LogQuery query;
    };
    JobLogStream(jobs::JobQueue& queue, Source source, LogForm form, const WaitsEnd& waits_end,
                 std::stop_token client_left);

    async::Task<Result<bool>> next(std::string& piece) override;

private:
    async::Task<Result<bool>> look_for_end(std::string& piece);
    void append(std::string& out, const jobs::LogEntry& entry) const;
    std::string sign_of_life() const;
    std::string last_record(const jobs::Job& job) const;

    jobs::JobQueue& queue_;
    Source source_;
    const LogForm form_;
    const WaitsEnd& waits_end_;
    const std::stop_token client_left_;
    std::chrono::steady_clock::time_point sent_at_ = std::chrono::steady_clock::now();
    bool begun_ = false;
    bool job_ended_ = false;
    bool ended_ = false;
};

}  // namespace zs::http
