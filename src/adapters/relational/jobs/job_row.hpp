#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/tenant_numbers.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_store.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Jobs as rows. All of it runs inside a transaction, but what knows no Session.
namespace zs::relational::job_sql {

// Bits of jobs.traits: what has to be looked up elsewhere.
enum Trait : std::int64_t {
    kBriefInSpec = 1,    // limits, labels, a sandbox tier or a kind
    kRetryInSpec = 2,    // rules of its own
    kHasDependents = 4,  // somebody waits, or waited, for its end
    kHasDependencies = 8,
    kSpecApart = 16,  // in job_specs
};

// A specification as it is stored. Made before the transaction: it may run more than once.
struct StoredSpec {
    std::string text;
    std::int64_t traits = 0;
    std::int64_t marks = 0;
    bool is_apart() const { return (traits & kSpecApart) != 0; }
};
StoredSpec to_stored(const jobs::JobSpec& spec);

// A signature: what has all of these has all their bits.
std::int64_t mark_of(std::string_view kind, std::string_view text);
std::int64_t mark_of_metadata(std::string_view key, std::string_view value);

// What a change of state needs to know.
struct JobRow {
    jobs::JobId id;
    std::int64_t tenant = 0;
    Timestamp created_at;
    Timestamp eligible_at;
    std::optional<Timestamp> completed_at;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> cancel_requested_at;
    jobs::LeaseToken token{};
    std::uint64_t last_seq = 0;
    std::uint32_t open_dependencies = 0;
    jobs::Counters counters;
    std::uint32_t max_retries = 0;
    std::int16_t priority = 0;
    jobs::JobState state = jobs::JobState::Pending;
    std::int64_t traits = 0;
    jobs::WorkerId worker;
    bool has(Trait trait) const { return (traits & trait) != 0; }
};
inline constexpr std::string_view kRowColumns =
    "id, tenant, created_at, eligible_at, completed_at, started_at, cancel_requested_at, token,"
    " last_seq, open_dependencies, attempt, retry_count, lost_leases, max_retries, priority,"
    " state, traits, worker";
inline constexpr std::size_t kRowWidth = 18;
JobRow row_of(const Row& row);

// A whole job. Its specification is read later, outside the transaction: see to_job().
struct WholeRow {
    JobRow head;
    Timestamp updated_at;
    std::optional<Timestamp> lease_until;
    std::uint64_t log_count = 0;
    bool logs_truncated = false;
    std::uint32_t artifact_count = 0;
    std::optional<jobs::SandboxTier> sandbox;
    std::optional<int> exit_code;
    std::optional<jobs::JobId> submitted_by;
    std::optional<jobs::ScheduleId> schedule_id;
    std::string spec;
    std::optional<std::string> error;
    std::optional<std::string> output;
    identity::Tenant tenant;
};
inline constexpr std::string_view kWholeColumns =
    "id, tenant, created_at, eligible_at, completed_at, started_at, cancel_requested_at, token,"
    " last_seq, open_dependencies, attempt, retry_count, lost_leases, max_retries, priority,"
    " state, traits, worker, updated_at, lease_until, log_count,"
    " case when log_count > 0 and exists (select 1 from job_log_attempts a where a.job = jobs.id"
    " and a.missing_lines > 0) then 1 else 0 end,"
    " artifact_count, sandbox, exit_code, submitted_by, schedule_id,"
    " coalesce(spec, (select s.spec from job_specs s where s.job = jobs.id)), error, output";
// Errors: DataLoss, NotFound (the tenant is gone).
Result<WholeRow> whole_of(Session& session, const TenantNumbers& tenants, const Row& row);
// Errors: DataLoss.
Result<jobs::Job> to_job(WholeRow row);

Bytes raw_id(const Uuid& id);
template <class Tag>
Bytes raw_id(const Id<Tag>& id) {
    return raw_id(id.uuid());
}
Uuid uuid_of(const std::string& bytes);

std::string to_text(const jobs::JobError& error);
std::optional<jobs::JobError> parse_error(const std::string& text);

// On PostgreSQL the caller locks the rows it decides upon, so a weaker level does; on SQLite
// nothing runs beside it.
Result<void> begin_locking(Session& session);
// " for update" where it means something.
std::string_view for_update(const Session& session);

// "select … where id in (…)", in the order of ids without duplicates. `tail` stands at the end.
Result<Rows> select_by_ids(Session& session, std::string_view columns, std::vector<jobs::JobId> ids,
                           std::string_view tail);
// Locked, in the order of ids; without those that do not exist.
Result<std::vector<JobRow>> lock_rows(Session& session, std::vector<jobs::JobId> ids);
Result<std::optional<JobRow>> lock_row(Session& session, jobs::JobId id);

// Errors: DataLoss.
Result<jobs::JobSpec> load_spec(Session& session, jobs::JobId id);
// Reads the specification where it matters.
Result<jobs::JobBrief> brief_of(Session& session, const TenantNumbers& tenants, const JobRow& row);
jobs::JobBrief brief_of(const JobRow& row, identity::Tenant tenant, const jobs::JobSpec* spec);

}  // namespace zs::relational::job_sql
