#pragma once

#include "core/jobs/job_queue.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What workers elsewhere send. Source: jobs.md section 8.
// Errors: Unprocessable for a missing field or a wrong type, InvalidArgument for a value that
// cannot be; both name the field.
namespace zs::http {

struct LeaseRequest {
    std::string worker_id;
    std::size_t max = 1;
    Millis wait{0};
    std::size_t slots = 0;  // 0: not said
    std::vector<std::string> labels;
    std::vector<std::string> kinds;
    jobs::SandboxTier sandbox = jobs::SandboxTier::L0;
    bool draining = false;
};
Result<LeaseRequest> parse_lease_request(const boost::json::value& body);

struct BeatingLease {
    jobs::LeaseRef lease;
    std::optional<jobs::Progress> progress;
};
struct HeartbeatRequest {
    std::string worker_id;
    std::vector<BeatingLease> leases;
    bool draining = false;
    bool all = false;  // the worker has no other leases
};
Result<HeartbeatRequest> parse_heartbeat(const boost::json::value& body);

Result<jobs::LeaseToken> parse_token(std::string_view text);
Result<jobs::LeaseToken> token_of(const boost::json::value& body);
Result<std::vector<jobs::LogLine>> parse_log_lines(const boost::json::value& body, Timestamp now);
// `outcome` with output, error, exit_code and sandbox.
Result<jobs::Outcome> parse_outcome(const boost::json::value& body);

}  // namespace zs::http
