#include "adapters/relational/jobs/job_add.hpp"

#include <algorithm>
#include <unordered_map>

namespace zs::relational::job_sql {

using jobs::JobId;
using jobs::NewJob;

namespace {

bool is_plain(const NewJob& job) {
    return job.spec.depends_on.empty() && job.spec.unique_key.empty() && job.spec.files.empty()
           && !(job.schedule_id && job.nominal_time);
}

// Depth first, parents before children.
class Ordering {
public:
    explicit Ordering(Batch& batch) : batch_(batch), marks_(batch.jobs.size(), Mark::New) {
        for (std::size_t i = 0; i < batch.jobs.size(); ++i)
            places_.emplace(batch.jobs[i].id, i);
    }
    void run() {
        for (std::size_t i = 0; i < batch_.jobs.size(); ++i) {
            if (marks_[i] == Mark::New) visit(i);
        }
    }

private:
    enum class Mark : std::uint8_t { New, Underway, Done };
    struct Step {
        std::size_t job;
        std::size_t next_dependency;
    };

    void visit(std::size_t first) {
        std::vector<Step> path{{first, 0}};
        marks_[first] = Mark::Underway;
        bool circle = false;
        while (!path.empty()) {
            auto& step = path.back();
            const auto& dependencies = batch_.jobs[step.job].spec.depends_on;
            if (step.next_dependency == dependencies.size()) {
                finish(step.job, circle);
                path.pop_back();
                continue;
            }
            const auto found = places_.find(JobId(dependencies[step.next_dependency++].job));
            if (found == places_.end()) continue;
            if (marks_[found->second] == Mark::Underway) circle = true;
            if (marks_[found->second] != Mark::New) continue;
            marks_[found->second] = Mark::Underway;
            path.push_back({found->second, 0});
        }
    }
    void finish(std::size_t job, bool circle) {
        marks_[job] = Mark::Done;
        if (!circle && is_plain(batch_.jobs[job])) return;
        (circle ? batch_.stuck : batch_.order).push_back(job);
    }

    Batch& batch_;
    std::vector<Mark> marks_;
    std::unordered_map<JobId, std::size_t> places_;
};

// The bytes of an id that lives as long as the batch.
template <class Tag>
ValueView view_of(const Id<Tag>& id) {
    const auto& bytes = id.uuid().bytes();
    return BytesView{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
}

}  // namespace

Batch make_batch(std::vector<NewJob> jobs, std::vector<std::int64_t> tenants) {
    Batch batch;
    batch.jobs = std::move(jobs);
    batch.tenants = std::move(tenants);
    batch.specs.reserve(batch.jobs.size());
    bool depends = false;
    for (const auto& job : batch.jobs) {
        batch.specs.push_back(to_stored(job.spec));
        depends = depends || !job.spec.depends_on.empty();
    }
    if (depends) Ordering(batch).run();
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
        if (is_plain(batch.jobs[i])) {
            batch.plain.push_back(i);
        } else if (!depends) {
            batch.order.push_back(i);
        }
    }
    return batch;
}

JobRow new_row(const Batch& batch, std::size_t index, std::uint32_t open_dependencies) {
    const auto& job = batch.jobs[index];
    JobRow row;
    row.id = job.id;
    row.tenant = batch.tenants[index];
    row.created_at = job.created_at;
    row.eligible_at = std::max(job.created_at, job.spec.run_at.value_or(job.created_at));
    row.last_seq = 1;  // the state event of the submit
    row.open_dependencies = open_dependencies;
    row.max_retries = job.spec.max_retries;
    row.priority = job.spec.priority;
    row.traits = batch.specs[index].traits;
    return row;
}

// What is the same for all of them stands in the statement.
Result<void> insert_plain(Session& session, const Batch& batch) {
    std::vector<ValueView> params;
    std::vector<ValueView> apart;
    params.reserve(batch.plain.size() * 13);
    for (const auto index : batch.plain) {
        const auto& job = batch.jobs[index];
        const auto& stored = batch.specs[index];
        const auto created_at = to_unix_millis(job.created_at);
        const auto run_at = job.spec.run_at ? to_unix_millis(*job.spec.run_at) : created_at;
        const auto& concurrency = job.spec.concurrency;
        const bool has_key = concurrency && !concurrency->key.empty();
        const ValueView spec{std::string_view(stored.text)};
        params.insert(params.end(),
                      {view_of(job.id), ValueView{batch.tenants[index]}, ValueView{created_at},
                       ValueView{std::max(created_at, run_at)}, ValueView{created_at},
                       ValueView{stored.marks}, ValueView{std::int64_t{job.spec.max_retries}},
                       ValueView{std::int64_t{job.spec.priority}}, ValueView{stored.traits},
                       job.submitted_by ? view_of(*job.submitted_by) : ValueView{},
                       job.schedule_id ? view_of(*job.schedule_id) : ValueView{},
                       has_key ? ValueView{std::string_view(concurrency->key)} : ValueView{},
                       stored.is_apart() ? ValueView{} : spec});
        if (stored.is_apart()) apart.insert(apart.end(), {view_of(job.id), spec});
    }
    auto done = session.insert_rows(
        "insert into jobs (id, tenant, created_at, eligible_at, updated_at, marks, max_retries,"
        " priority, traits, submitted_by, schedule_id, concurrency_key, spec, token, last_seq,"
        " log_count, open_dependencies, attempt, retry_count, lost_leases, artifact_count, state)"
        " values",
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, 0, 0, 0, 0, 0, 0, 0)", params);
    if (!done || apart.empty()) return done;
    return session.insert_rows("insert into job_specs (job, spec) values", "(?, ?)", apart);
}

}  // namespace zs::relational::job_sql
