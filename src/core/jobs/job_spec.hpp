#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::jobs {

// At most `max` running at once with this key in a tenant.
struct ConcurrencyLimit {
    std::string key;
    std::uint32_t max = 1;
    auto operator<=>(const ConcurrencyLimit&) const = default;
};

// At most `per_minute` starts with this key in a tenant.
struct RateLimit {
    std::string key;
    std::uint32_t per_minute = 1;
    auto operator<=>(const RateLimit&) const = default;
};

// How well an attempt is fenced in. Source: jobs-robustness.md, Sandbox tiers.
enum class SandboxTier : std::uint8_t { L0, L1, L2, L3 };
std::string_view to_text(SandboxTier tier) noexcept;  // "L0", …
std::optional<SandboxTier> sandbox_tier(std::string_view text) noexcept;

enum class DependsWhen : std::uint8_t { Succeeded, Failed, Finished };
std::string_view to_text(DependsWhen when) noexcept;  // succeeded, failed, finished
std::optional<DependsWhen> depends_when(std::string_view text) noexcept;

struct Dependency {
    Uuid job;
    DependsWhen when = DependsWhen::Succeeded;
};

// What a submit with a unique key does when a job with it is not final yet.
enum class OnConflict : std::uint8_t { Return, Replace, Error };
std::string_view to_text(OnConflict on_conflict) noexcept;  // return, replace, error
std::optional<OnConflict> on_conflict(std::string_view text) noexcept;

// Absent members: the server's defaults.
struct RetryRules {
    std::optional<Millis> initial;
    std::optional<double> multiplier;
    std::optional<Millis> max;
    std::vector<int> no_retry_exit_codes;
};

// 0: no limit of the job's own.
struct ResourceLimits {
    std::uint64_t memory_mb = 0;
    std::uint64_t cpu_secs = 0;
    std::uint64_t file_size_mb = 0;
    std::uint64_t open_files = 0;
    std::uint64_t processes = 0;
};

// What is to be run, and how. Valid by construction: parse_job_spec() is the only way in from
// outside. Source: jobs.md section 2.
struct JobSpec {
    std::vector<std::string> command;
    // Exact JSON text; "null" without input.
    std::string input = "null";
    std::map<std::string, std::string> env;
    Seconds timeout{300};  // per attempt
    std::uint32_t max_retries = 3;
    boost::json::object metadata;
    std::string name;
    std::vector<std::string> tags;
    std::int16_t priority = 0;
    std::optional<Timestamp> run_at;
    std::optional<ConcurrencyLimit> concurrency;
    std::optional<RateLimit> rate;
    std::string unique_key;  // "": none
    OnConflict on_conflict = OnConflict::Return;
    std::vector<Dependency> depends_on;
    RetryRules retry;
    std::map<std::string, std::string> files;  // relative path → SHA-256 in hexadecimal
    ResourceLimits resources;
    SandboxTier sandbox = SandboxTier::L0;  // the lowest that is accepted
    std::vector<std::string> requires_labels;
    // What the work is, for workers in process that know it by name; "process": a program.
    std::string kind = "process";
};

struct SpecDefaults {
    Seconds timeout{300};
    Seconds timeout_max{86400};
    std::uint32_t max_retries = 3;
};

// Reads a submitted specification (aliases included; `template` is already resolved).
// Errors: InvalidArgument and Unprocessable, naming the field; "command_required".
Result<JobSpec> parse_job_spec(const boost::json::object& json, const SpecDefaults& defaults,
                               Timestamp now);

// Every field, as it is stored; what parse_stored_spec() reads back.
std::string to_stored_text(const JobSpec& spec);
// Errors: DataLoss.
Result<JobSpec> parse_stored_spec(std::string_view text);

}  // namespace zs::jobs
