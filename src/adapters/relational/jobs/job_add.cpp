#include "adapters/relational/jobs/job_add.hpp"

#include "adapters/relational/jobs/job_store.hpp"
#include "adapters/relational/jobs/job_transition.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

namespace zs::relational {
namespace job_sql {

using jobs::AddMode;
using jobs::DependsWhen;
using jobs::JobId;
using jobs::JobState;
using jobs::NewJob;
using jobs::Submitted;

namespace {

Error no_such_dependency() {
    Error error = unprocessable(
        "a job can only depend on jobs that exist in its organization and environment",
        "depends_on");
    error.reason = "no_such_dependency";
    return error;
}

Error unique_key_in_use() {
    return conflict("a job with this unique key is not finished yet", "unique_key_in_use");
}

// How far the jobs of a batch got, for those behind them.
class Adding {
public:
    Adding(Session& session, const TenantNumbers& tenants, const Batch& batch)
        : session_(session), tenants_(tenants), batch_(batch) {}

    Result<Submitted> add(std::size_t index);

private:
    struct Parent {
        JobRow row;
        DependsWhen when = DependsWhen::Succeeded;
        Needed state = Needed::Open;
    };
    struct Parents {
        std::vector<Parent> all;
        std::uint32_t open = 0;
        bool failed = false;
    };

    Result<Parents> look_up(const NewJob& job, std::int64_t tenant);
    // False: something with the same key was there.
    Result<bool> insert(std::size_t index, const JobRow& row);
    Result<void> keep_files(const JobRow& row, const NewJob& job);
    Result<void> wait_for(const JobRow& row, const std::vector<Parent>& parents);
    Result<Submitted> meet(std::size_t index);
    Result<Submitted> replace(std::size_t index, JobRow row);
    Result<Submitted> submitted(std::size_t index, const JobRow& row, bool deduplicated);

    Session& session_;
    const TenantNumbers& tenants_;
    const Batch& batch_;
    std::unordered_map<JobId, JobId> known_as_;  // jobs of the batch that were there already
};

Result<Adding::Parents> Adding::look_up(const NewJob& job, std::int64_t tenant) {
    Parents parents;
    if (job.spec.depends_on.empty()) return parents;
    std::unordered_map<JobId, DependsWhen> needs;
    std::vector<JobId> ids;
    for (const auto& dependency : job.spec.depends_on) {
        JobId id(dependency.job);
        if (const auto found = known_as_.find(id); found != known_as_.end()) id = found->second;
        if (needs.emplace(id, dependency.when).second) ids.push_back(id);
    }
    auto rows = lock_rows(session_, ids);
    if (!rows) return std::move(rows).error();
    if (rows->size() != ids.size()) return no_such_dependency();
    for (auto& row : *rows) {
        if (row.tenant != tenant) return no_such_dependency();
        const auto when = needs[row.id];
        const auto state = needed(when, row.state);
        parents.open += state == Needed::Open ? 1 : 0;
        parents.failed = parents.failed || state == Needed::Failed;
        parents.all.push_back({std::move(row), when, state});
    }
    return parents;
}

Value key_of(const std::string& text) {
    if (text.empty()) return {};
    return text;
}

Result<bool> Adding::insert(std::size_t index, const JobRow& row) {
    const auto& job = batch_.jobs[index];
    const auto& stored = batch_.specs[index];
    const auto& concurrency = job.spec.concurrency;
    const std::int64_t none = 0;
    const Value params[] = {
        raw_id(row.id),
        row.tenant,
        relational::to_value(row.created_at),
        relational::to_value(row.eligible_at),
        relational::to_value(row.created_at),
        none,
        static_cast<std::int64_t>(row.last_seq),
        none,
        stored.marks,
        static_cast<std::int64_t>(row.open_dependencies),
        none,
        none,
        none,
        none,
        static_cast<std::int64_t>(row.max_retries),
        std::int64_t{row.priority},
        static_cast<std::int64_t>(row.state),
        row.traits,
        job.submitted_by ? Value(raw_id(*job.submitted_by)) : Value(),
        job.schedule_id ? Value(raw_id(*job.schedule_id)) : Value(),
        job.schedule_id ? relational::to_value(job.nominal_time) : Value(),
        key_of(job.spec.unique_key),
        key_of(concurrency ? concurrency->key : std::string()),
        stored.is_apart() ? Value() : Value(stored.text),
    };
    constexpr std::string_view kInsert =
        "insert into jobs (id, tenant, created_at, eligible_at, updated_at, token, last_seq,"
        " log_count, marks, open_dependencies, attempt, retry_count, lost_leases, artifact_count,"
        " max_retries, priority, state, traits, submitted_by, schedule_id, nominal_time,"
        " unique_key, concurrency_key, spec)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const bool may_meet = !job.spec.unique_key.empty() || (job.schedule_id && job.nominal_time);
    if (may_meet) {
        static const std::string kUnlessThere = std::string(kInsert) + " on conflict do nothing";
        auto added = session_.execute(kUnlessThere, params);
        if (!added) return std::move(added).error();
        if (*added == 0) return false;
    } else if (auto added = session_.execute_later(kInsert, params); !added) {
        return std::move(added).error();
    }
    if (!stored.is_apart()) return true;
    const Value apart[] = {raw_id(row.id), stored.text};
    auto done = session_.execute_later("insert into job_specs (job, spec) values (?, ?)", apart);
    if (!done) return std::move(done).error();
    return true;
}

// What the job is given cannot be deleted while the job is there.
Result<void> Adding::keep_files(const JobRow& row, const NewJob& job) {
    std::set<std::string> blobs;
    for (const auto& [path, sha256] : job.spec.files)
        blobs.insert(sha256);
    for (const auto& blob : blobs) {
        const Value params[] = {raw_id(row.id), job.tenant.org_id, job.tenant.env_slug, blob};
        auto kept = session_.execute_later(
            "insert into job_files (job, org_id, env_slug, sha256) values (?, ?, ?, ?)", params);
        if (!kept) return kept;
    }
    return {};
}

Result<void> Adding::wait_for(const JobRow& row, const std::vector<Parent>& parents) {
    for (const auto& parent : parents) {
        const bool is_open = parent.state == Needed::Open;
        const Value edge[] = {raw_id(parent.row.id), raw_id(row.id),
                              static_cast<std::int64_t>(parent.when),
                              relational::to_value(is_open)};
        auto done = session_.execute_later(
            "insert into job_dependencies (parent, child, need, is_open) values (?, ?, ?, ?)",
            edge);
        if (!done) return done;
        if (!is_open || parent.row.has(kHasDependents)) continue;
        const Value mark[] = {parent.row.traits | kHasDependents, raw_id(parent.row.id)};
        done = session_.execute_later("update jobs set traits = ? where id = ?", mark);
        if (!done) return done;
    }
    return {};
}

Result<Submitted> Adding::submitted(std::size_t index, const JobRow& row, bool deduplicated) {
    Submitted out;
    out.id = row.id;
    out.state = row.state;
    out.deduplicated = deduplicated;
    if (deduplicated && row.id != batch_.jobs[index].id) {
        auto brief = brief_of(session_, tenants_, row);
        if (!brief) return std::move(brief).error();
        out.brief = std::move(*brief);
    } else {
        out.brief = brief_of(row, batch_.jobs[index].tenant, &batch_.jobs[index].spec);
    }
    return out;
}

Result<Submitted> Adding::add(std::size_t index) {
    const auto& job = batch_.jobs[index];
    auto parents = look_up(job, batch_.tenants[index]);
    if (!parents) return std::move(parents).error();
    auto row = new_row(batch_, index, parents->open);
    auto inserted = insert(index, row);
    if (!inserted) return std::move(inserted).error();
    if (!*inserted) return meet(index);
    if (auto done = wait_for(row, parents->all); !done) return std::move(done).error();
    if (auto done = keep_files(row, job); !done) return std::move(done).error();
    if (parents->failed) {
        Cause cause;
        cause.event = jobs::JobEvent::DependencyFail;
        cause.now = job.created_at;
        auto ended = apply(session_, tenants_, row, cause);
        if (!ended) return std::move(ended).error();
    }
    return submitted(index, row, false);
}

// Something stood in the way of the insert.
Result<Submitted> Adding::meet(std::size_t index) {
    const auto& job = batch_.jobs[index];
    if (!job.spec.unique_key.empty()) {
        std::string sql = "select " + std::string(kRowColumns)
                          + " from jobs where tenant = ? and unique_key = ?"
                            " and completed_at is null";
        sql += for_update(session_);
        auto rows = session_.query_with(sql, batch_.tenants[index], job.spec.unique_key);
        if (!rows) return std::move(rows).error();
        if (!rows->empty()) {
            auto row = row_of(rows->front());
            known_as_[job.id] = row.id;
            if (job.spec.on_conflict == jobs::OnConflict::Error) return unique_key_in_use();
            if (job.spec.on_conflict == jobs::OnConflict::Replace && row.state != JobState::Running)
                return replace(index, std::move(row));
            return submitted(index, row, true);
        }
    }
    if (job.schedule_id && job.nominal_time) {
        return conflict("this time of the schedule has its job already", "schedule_fired");
    }
    // The other one ended while we waited for it, or the id is taken.
    return conflict("another job stood in the way: try again");
}

Result<Submitted> Adding::replace(std::size_t index, JobRow row) {
    const auto& job = batch_.jobs[index];
    const auto& stored = batch_.specs[index];
    auto parents = look_up(job, row.tenant);
    if (!parents) return std::move(parents).error();
    const auto kept = row.traits & kHasDependents;
    row.traits = stored.traits | kept;
    row.priority = job.spec.priority;
    row.max_retries = job.spec.max_retries;
    row.open_dependencies = parents->open;
    row.eligible_at = std::max(job.created_at, job.spec.run_at.value_or(job.created_at));
    const auto& concurrency = job.spec.concurrency;
    const Value id[] = {raw_id(row.id)};
    const Value params[] = {relational::to_value(row.eligible_at),
                            relational::to_value(job.created_at),
                            stored.marks,
                            static_cast<std::int64_t>(row.open_dependencies),
                            static_cast<std::int64_t>(row.max_retries),
                            std::int64_t{row.priority},
                            row.traits,
                            key_of(concurrency ? concurrency->key : std::string()),
                            stored.is_apart() ? Value() : Value(stored.text),
                            raw_id(row.id)};
    auto done = session_.execute_later("delete from job_dependencies where child = ?", id);
    if (done) done = session_.execute_later("delete from job_specs where job = ?", id);
    if (done) {
        done = session_.execute_later(
            "update jobs set eligible_at = ?, updated_at = ?, marks = ?, open_dependencies = ?,"
            " max_retries = ?, priority = ?, traits = ?, concurrency_key = ?, spec = ?"
            " where id = ?",
            params);
    }
    if (done && stored.is_apart()) {
        const Value apart[] = {raw_id(row.id), stored.text};
        done = session_.execute_later("insert into job_specs (job, spec) values (?, ?)", apart);
    }
    if (done) done = wait_for(row, parents->all);
    if (done) done = session_.execute_later("delete from job_files where job = ?", id);
    if (done) done = keep_files(row, job);
    if (!done) return std::move(done).error();
    if (parents->failed && row.state == JobState::Pending) {
        Cause cause;
        cause.event = jobs::JobEvent::DependencyFail;
        cause.now = job.created_at;
        auto ended = change(session_, tenants_, row, cause);
        if (!ended) return std::move(ended).error();
    }
    auto out = submitted(index, row, true);
    if (out) out->brief = brief_of(row, job.tenant, &job.spec);
    return out;
}

}  // namespace

Result<Added> add_in(Session& session, const TenantNumbers& tenants, const Batch& batch,
                     AddMode mode) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    Added answers;
    answers.reserve(batch.stuck.size() + batch.order.size());
    for (const auto index : batch.stuck) {
        Error circle =
            unprocessable("jobs of one batch depend on each other in a circle", "depends_on");
        circle.reason = "dependency_cycle";
        if (mode == AddMode::AllOrNone) return circle;
        answers.emplace_back(index, std::move(circle));
    }
    if (auto done = insert_plain(session, batch); !done) return std::move(done).error();
    Adding adding(session, tenants, batch);
    for (const auto index : batch.order) {
        // A refusal comes before anything is written; a failed statement fails the transaction.
        auto answer = adding.add(index);
        if (!answer && mode == AddMode::AllOrNone) return std::move(answer).error();
        answers.emplace_back(index, std::move(answer));
    }
    return answers;
}

}  // namespace job_sql

using jobs::AddMode;
using jobs::NewJob;
using jobs::Submitted;

namespace {

std::vector<Result<Submitted>> all_answers(const job_sql::Batch& batch, job_sql::Added others) {
    std::vector<Result<Submitted>> answers;
    answers.reserve(batch.jobs.size());
    std::sort(others.begin(), others.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    auto other = others.begin();
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
        if (other != others.end() && other->first == i) {
            answers.push_back(std::move((other++)->second));
            continue;
        }
        const auto& job = batch.jobs[i];
        Submitted submitted;
        submitted.id = job.id;
        submitted.brief = brief_of(new_row(batch, i, 0), job.tenant, &job.spec);
        answers.emplace_back(std::move(submitted));
    }
    return answers;
}

}  // namespace

async::Task<Result<std::vector<Result<Submitted>>>> SqlJobStore::add(std::vector<NewJob> jobs,
                                                                     AddMode mode) {
    std::vector<identity::Tenant> names;
    names.reserve(jobs.size());
    for (const auto& job : jobs)
        names.push_back(job.tenant);
    auto numbers = co_await tenants_.draw(std::move(names));
    if (!numbers) co_return std::move(numbers).error();
    const auto count = jobs.size();
    auto batch = std::make_shared<const job_sql::Batch>(
        job_sql::make_batch(std::move(jobs), std::move(*numbers)));
    auto work = [this, batch, mode](Session& session) {
        return job_sql::add_in(session, tenants_, *batch, mode);
    };
    auto added = co_await database_.write(std::move(work));
    if (added) co_return all_answers(*batch, std::move(*added));
    auto error = std::move(added).error();
    if (error.reason == "constraint_violation") tenants_.forget();
    if (mode == AddMode::EachAlone || error.code == ErrorCode::Unavailable
        || error.code == ErrorCode::DeadlineExceeded || error.code == ErrorCode::Internal) {
        co_return error;
    }
    co_return std::vector<Result<Submitted>>(count, Result<Submitted>(error));
}

}  // namespace zs::relational
