#include "adapters/relational/jobs/job_row.hpp"
#include "adapters/relational/jobs/job_store.hpp"

#include <algorithm>
#include <memory>

namespace zs::relational {
namespace job_sql {

using jobs::Job;
using jobs::JobFilter;
using jobs::JobId;
using jobs::JobState;

namespace {

constexpr std::size_t kPageMin = 64;
constexpr std::size_t kPageMax = 1000;
// With more open jobs than this, reading all rows in order is cheaper than sorting the open ones.
constexpr std::size_t kOpenSortedMax = 20'000;

std::int64_t marks_of(const JobFilter& filter) {
    std::int64_t marks = 0;
    if (!filter.name.empty()) marks |= mark_of("name", filter.name);
    if (!filter.tag.empty()) marks |= mark_of("tag", filter.tag);
    for (const auto& [key, value] : filter.metadata) {
        marks |= mark_of_metadata(key, value);
    }
    return marks;
}

// What marks only make likely.
bool matches(const Job& job, const JobFilter& filter) {
    const auto& spec = job.spec;
    if (!filter.name.empty() && spec.name != filter.name) return false;
    if (!filter.tag.empty()
        && std::find(spec.tags.begin(), spec.tags.end(), filter.tag) == spec.tags.end()) {
        return false;
    }
    return std::all_of(filter.metadata.begin(), filter.metadata.end(), [&](const auto& wanted) {
        const auto* found = spec.metadata.if_contains(wanted.first);
        return found != nullptr && found->is_string() && found->get_string() == wanted.second;
    });
}

// A condition with its values, put together as the filter asks for.
class Conditions {
public:
    template <class... Args>
    void add(std::string_view text, Args&&... args) {
        sql_ += sql_.empty() ? " where " : " and ";
        sql_ += text;
        (params_.push_back(relational::to_value(std::forward<Args>(args))), ...);
    }
    const std::string& sql() const { return sql_; }
    const std::vector<Value>& params() const { return params_; }

private:
    std::string sql_;
    std::vector<Value> params_;
};

void add_states(Conditions& where, const std::vector<JobState>& states) {
    if (states.empty()) return;
    std::string text = "state in (";
    for (const auto state : states)
        text += std::to_string(static_cast<int>(state)) + ",";
    text.back() = ')';
    where.add(text);
    const bool all_open = std::none_of(states.begin(), states.end(), jobs::is_final);
    if (all_open) where.add("completed_at is null");
}

Conditions conditions_of(const JobFilter& filter, std::int64_t tenant) {
    Conditions where;
    where.add("tenant = ?", tenant);
    add_states(where, filter.states);
    if (const auto marks = marks_of(filter); marks != 0) where.add("(marks & ?) = ?", marks, marks);
    if (filter.submitted_by) where.add("submitted_by = ?", raw_id(*filter.submitted_by));
    if (filter.schedule_id) where.add("schedule_id = ?", raw_id(*filter.schedule_id));
    if (filter.created_after) where.add("created_at > ?", *filter.created_after);
    if (filter.created_before) where.add("created_at < ?", *filter.created_before);
    if (filter.behind) {
        const auto& [time, id] = *filter.behind;
        if (filter.ascending) {
            where.add("created_at >= ? and (created_at > ? or id > ?)", time, time, raw_id(id));
        } else {
            where.add("created_at <= ? and (created_at < ? or id < ?)", time, time, raw_id(id));
        }
    }
    return where;
}

Result<std::vector<Job>> page_in(Session& session, const TenantNumbers& tenants,
                                 const Conditions& where, std::string_view order,
                                 std::size_t limit) {
    auto params = where.params();
    params.push_back(relational::to_value(limit));
    auto rows = session.query("select " + std::string(kWholeColumns) + " from jobs" + where.sql()
                                  + std::string(order) + " limit ?",
                              params);
    if (!rows) return std::move(rows).error();
    std::vector<Job> out;
    out.reserve(rows->size());
    for (const auto& row : *rows) {
        auto whole = whole_of(session, tenants, row);
        if (!whole) return std::move(whole).error();
        auto job = to_job(std::move(*whole));
        if (!job) return std::move(job).error();
        out.push_back(std::move(*job));
    }
    return out;
}

Result<std::vector<Job>> list_in(Session& session, const TenantNumbers& tenants,
                                 const identity::Tenant& tenant, JobFilter filter) {
    std::vector<Job> out;
    auto number = tenants.number_of(session, tenant);
    if (!number) return std::move(number).error();
    if (!*number) return out;
    const std::string_view order =
        filter.ascending ? " order by created_at, id" : " order by created_at desc, id desc";
    // What marks find still has to be looked at.
    const std::size_t page_min = marks_of(filter) == 0 ? 1 : kPageMin;
    while (out.size() < filter.limit) {
        const auto size = std::clamp(filter.limit - out.size(), page_min, kPageMax);
        auto page = page_in(session, tenants, conditions_of(filter, **number), order, size);
        if (!page) return page;
        for (auto& job : *page) {
            filter.behind = {job.created_at, job.id};
            if (out.size() < filter.limit && matches(job, filter)) out.push_back(std::move(job));
        }
        if (page->size() < size) break;
    }
    return out;
}

Result<bool> few_are_open(Session& session) {
    auto rows = session.query_with(
        "select count(*) from (select 1 from jobs where completed_at is null limit ?) as open_jobs",
        kOpenSortedMax + 1);
    if (!rows) return std::move(rows).error();
    return rows->front().integer(0) <= static_cast<std::int64_t>(kOpenSortedMax);
}

// What a queue reads at its start: what is not final.
Result<std::vector<Job>> list_all_in(Session& session, const TenantNumbers& tenants,
                                     const JobFilter& filter) {
    Conditions where;
    where.add("completed_at is null");
    add_states(where, filter.states);
    auto few = few_are_open(session);
    if (!few) return std::move(few).error();
    // Else the rows of all jobs are read, in their order.
    if (*few) where.add("id in (select o.id from jobs o where o.completed_at is null)");
    if (!filter.worker.empty())
        where.add("lease_until is not null and state = 1 and worker = ?", filter.worker);
    if (filter.behind) where.add("id > ?", raw_id(filter.behind->second));
    return page_in(session, tenants, where, " order by id", filter.limit);
}

}  // namespace
}  // namespace job_sql

async::Task<Result<std::optional<jobs::Job>>> SqlJobStore::find(identity::Tenant tenant,
                                                                jobs::JobId job) {
    auto work = [this, tenant = std::move(tenant),
                 job](Session& session) -> Result<std::optional<jobs::Job>> {
        job_sql::Conditions where;
        where.add("id = ?", job_sql::raw_id(job));
        auto found = job_sql::page_in(session, tenants_, where, "", 1);
        if (!found) return std::move(found).error();
        if (found->empty() || found->front().tenant != tenant) return std::optional<jobs::Job>();
        return std::optional(std::move(found->front()));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<jobs::Job>>> SqlJobStore::list(identity::Tenant tenant,
                                                              jobs::JobFilter filter) {
    auto work = [this, tenant = std::move(tenant), filter = std::move(filter)](Session& session) {
        return filter.every_tenant ? job_sql::list_all_in(session, tenants_, filter)
                                   : job_sql::list_in(session, tenants_, tenant, filter);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
