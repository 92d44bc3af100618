#include "adapters/relational/jobs/schedule_store.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zs::relational {

using identity::Tenant;
using jobs::JobSchedule;
using jobs::ScheduleId;
using jobs::ScheduleProgress;

namespace {

constexpr std::string_view kColumns =
    "id, org_id, env_slug, name, spec, cron_expression, timezone, is_active, overlap, catch_up,"
    " catch_up_window_secs, jitter_secs, start_at, end_at, created_by, created_at, updated_at,"
    " high_water, last_run_at, last_job_id, last_error";

Result<JobSchedule> schedule_of(const Row& row) {
    auto spec = parse_json(row.text(4));
    const auto overlap = jobs::overlap(row.text(8));
    const auto catch_up = jobs::catch_up(row.text(9));
    if (!spec || !spec->is_object() || !overlap || !catch_up)
        return data_loss("a row of the schedules cannot be read");
    JobSchedule out;
    out.id = row.id<ScheduleId>(0);
    out.tenant = {row.text(1), row.text(2)};
    out.name = row.text(3);
    out.spec = std::move(spec->get_object());
    out.cron_expression = row.text(5);
    out.timezone = row.text(6);
    out.is_active = row.boolean(7);
    out.overlap = *overlap;
    out.catch_up = *catch_up;
    out.catch_up_window = Seconds(row.integer(10));
    out.jitter = Seconds(row.integer(11));
    out.start_at = row.maybe_time(12);
    out.end_at = row.maybe_time(13);
    if (!row.is_null(14)) out.created_by = row.id<identity::UserId>(14);
    out.created_at = row.time(15);
    out.updated_at = row.time(16);
    out.high_water = row.time(17);
    out.last_run_at = row.maybe_time(18);
    if (!row.is_null(19)) out.last_job_id = row.id<jobs::JobId>(19);
    out.last_error = row.text(20);
    return out;
}

Result<std::vector<JobSchedule>> schedules_of(const Result<Rows>& rows) {
    if (!rows) return rows.error();
    std::vector<JobSchedule> out;
    for (const auto& row : *rows) {
        auto schedule = schedule_of(row);
        if (!schedule) return std::move(schedule).error();
        out.push_back(std::move(*schedule));
    }
    return out;
}

Result<void> add_in(Session& session, const JobSchedule& s) {
    auto done = session.execute_with(
        "insert into job_schedules (" + std::string(kColumns)
            + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        s.id, s.tenant.org_id, s.tenant.env_slug, s.name, write_json(s.spec), s.cron_expression,
        s.timezone, s.is_active, jobs::to_text(s.overlap), jobs::to_text(s.catch_up),
        s.catch_up_window.count(), s.jitter.count(), s.start_at, s.end_at, s.created_by,
        s.created_at, s.updated_at, s.high_water, s.last_run_at, s.last_job_id, s.last_error);
    if (!done) return std::move(done).error();
    return {};
}

Result<void> replace_in(Session& session, const JobSchedule& s) {
    auto done = session.execute_with(
        "update job_schedules set name = ?, spec = ?, cron_expression = ?, timezone = ?,"
        " is_active = ?, overlap = ?, catch_up = ?, catch_up_window_secs = ?, jitter_secs = ?,"
        " start_at = ?, end_at = ?, updated_at = ?, high_water = ?"
        " where id = ? and org_id = ? and env_slug = ?",
        s.name, write_json(s.spec), s.cron_expression, s.timezone, s.is_active,
        jobs::to_text(s.overlap), jobs::to_text(s.catch_up), s.catch_up_window.count(),
        s.jitter.count(), s.start_at, s.end_at, s.updated_at, s.high_water, s.id, s.tenant.org_id,
        s.tenant.env_slug);
    if (!done) return std::move(done).error();
    if (*done == 0) return jobs::no_such_schedule();
    return {};
}

Result<bool> advance_in(Session& session, const ScheduleProgress& p) {
    auto done = session.execute_with(
        "update job_schedules set"
        " high_water = case when high_water < ? then ? else high_water end,"
        " last_run_at = coalesce(?, last_run_at), last_job_id = coalesce(?, last_job_id),"
        " last_error = coalesce(?, last_error) where id = ?",
        p.high_water, p.high_water, p.last_run_at, p.last_job_id, p.last_error, p.id);
    if (!done) return std::move(done).error();
    return *done == 1;
}

std::string text_or_least(const std::optional<ScheduleId>& after) {
    return after ? after->to_string() : std::string();
}

}  // namespace

async::Task<Result<void>> SqlScheduleStore::add(JobSchedule schedule) {
    auto work = [schedule = std::move(schedule)](Session& session) {
        return add_in(session, schedule);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlScheduleStore::replace(JobSchedule schedule) {
    auto work = [schedule = std::move(schedule)](Session& session) {
        return replace_in(session, schedule);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlScheduleStore::remove(Tenant tenant, ScheduleId id) {
    auto work = [tenant = std::move(tenant), id](Session& session) -> Result<void> {
        auto done = session.execute_with(
            "delete from job_schedules where id = ? and org_id = ? and env_slug = ?", id,
            tenant.org_id, tenant.env_slug);
        if (!done) return std::move(done).error();
        if (*done == 0) return jobs::no_such_schedule();
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::optional<JobSchedule>>> SqlScheduleStore::find(Tenant tenant,
                                                                       ScheduleId id) {
    auto work = [tenant = std::move(tenant),
                 id](Session& session) -> Result<std::optional<JobSchedule>> {
        auto found = schedules_of(session.query_with(
            "select " + std::string(kColumns)
                + " from job_schedules where id = ? and org_id = ? and env_slug = ?",
            id, tenant.org_id, tenant.env_slug));
        if (!found) return std::move(found).error();
        if (found->empty()) return std::optional<JobSchedule>();
        return std::optional(std::move(found->front()));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<JobSchedule>>> SqlScheduleStore::list(
    Tenant tenant, std::optional<ScheduleId> after, std::size_t limit) {
    auto work = [tenant = std::move(tenant), after, limit](Session& session) {
        return schedules_of(session.query_with(
            "select " + std::string(kColumns)
                + " from job_schedules where org_id = ? and env_slug = ? and id > ?"
                  " order by id limit ?",
            tenant.org_id, tenant.env_slug, text_or_least(after), limit));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<JobSchedule>>> SqlScheduleStore::active(
    std::optional<ScheduleId> after, std::size_t limit) {
    auto work = [after, limit](Session& session) {
        return schedules_of(session.query_with("select " + std::string(kColumns)
                                                   + " from job_schedules where is_active = 1"
                                                     " and id > ? order by id limit ?",
                                               text_or_least(after), limit));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<bool>> SqlScheduleStore::advance(ScheduleProgress progress) {
    auto work = [progress = std::move(progress)](Session& session) {
        return advance_in(session, progress);
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
