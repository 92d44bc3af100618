#include "adapters/relational/jobs/backfill_store.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/jobs/schedule_store.hpp"

#include <boost/json/array.hpp>

namespace zs::relational {

namespace json = boost::json;
using identity::Tenant;
using jobs::Backfill;
using jobs::BackfillId;
using jobs::Firing;
using jobs::ScheduleId;

namespace {

constexpr std::string_view kColumns =
    "id, schedule_id, org_id, env_slug, from_at, to_at, parallel, state, position, total,"
    " submitted, skipped, firings, created_by, created_at, finished_at, last_error, version";

Error unreadable() {
    return data_loss("a row of the back-fills cannot be read");
}

std::string text_of(const std::vector<Firing>& firings) {
    json::array all;
    for (const Firing& one : firings) {
        const int submitted = one.is_submitted ? 1 : 0;
        all.push_back(
            json::array{to_unix_millis(one.nominal), json_text(one.job.to_string()), submitted});
    }
    return write_json(all);
}

Result<Firing> firing_of(const json::value& value) {
    const auto* parts = value.if_array();
    if (parts == nullptr || parts->size() != 3) return unreadable();
    const auto& [at, id, submitted] = std::tie((*parts)[0], (*parts)[1], (*parts)[2]);
    if (!at.is_int64() || !id.is_string() || !submitted.is_int64()) return unreadable();
    const auto job = jobs::JobId::parse(std::string_view(id.get_string()));
    if (!job) return unreadable();
    return Firing{from_unix_millis(at.get_int64()), *job, submitted.get_int64() != 0};
}

Result<std::vector<Firing>> firings_of(const std::string& text) {
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_array()) return unreadable();
    std::vector<Firing> all;
    for (const auto& value : parsed->get_array()) {
        const auto one = firing_of(value);
        if (!one) return one.error();
        all.push_back(*one);
    }
    return all;
}

Result<Backfill> backfill_of(const Row& row) {
    const auto state = jobs::backfill_state(row.text(7));
    auto open = firings_of(row.text(12));
    if (!state || !open) return unreadable();
    Backfill out;
    out.id = row.id<BackfillId>(0);
    out.schedule = row.id<ScheduleId>(1);
    out.tenant = {row.text(2), row.text(3)};
    out.from = row.time(4);
    out.to = row.time(5);
    out.parallel = static_cast<std::uint32_t>(row.integer(6));
    out.state = *state;
    out.position = row.maybe_time(8);
    out.total = static_cast<std::uint64_t>(row.integer(9));
    out.submitted = static_cast<std::uint64_t>(row.integer(10));
    out.skipped = static_cast<std::uint64_t>(row.integer(11));
    out.open = std::move(*open);
    if (!row.is_null(13)) out.created_by = row.id<identity::UserId>(13);
    out.created_at = row.time(14);
    out.finished_at = row.maybe_time(15);
    out.last_error = row.text(16);
    out.version = row.integer(17);
    return out;
}

Result<std::vector<Backfill>> backfills_of(const Result<Rows>& rows) {
    if (!rows) return rows.error();
    std::vector<Backfill> out;
    for (const auto& row : *rows) {
        auto backfill = backfill_of(row);
        if (!backfill) return std::move(backfill).error();
        out.push_back(std::move(*backfill));
    }
    return out;
}

Result<void> add_in(Session& session, const Backfill& b, std::size_t unfinished_max) {
    const auto schedule = session.query_with(
        "select 1 from job_schedules where id = ? and org_id = ? and env_slug = ?", b.schedule,
        b.tenant.org_id, b.tenant.env_slug);
    if (!schedule) return schedule.error();
    if (schedule->empty()) return jobs::no_such_schedule();
    const auto unfinished = session.query_with(
        "select count(*) from job_backfills where schedule_id = ?"
        " and state in ('running', 'paused')",
        b.schedule);
    if (!unfinished) return unfinished.error();
    if (unfinished->front().integer(0) >= static_cast<std::int64_t>(unfinished_max))
        return jobs::too_many_backfills(unfinished_max);
    auto done = session.execute_with(
        "insert into job_backfills (is_unsettled, " + std::string(kColumns)
            + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        b.is_unsettled(), b.id, b.schedule, b.tenant.org_id, b.tenant.env_slug, b.from, b.to,
        b.parallel, jobs::to_text(b.state), b.position, b.total, b.submitted, b.skipped,
        text_of(b.open), b.created_by, b.created_at, b.finished_at, b.last_error, b.version);
    if (!done) return std::move(done).error();
    return {};
}

Result<bool> save_in(Session& session, const Backfill& b) {
    auto done = session.execute_with(
        "update job_backfills set is_unsettled = ?, parallel = ?, state = ?, position = ?,"
        " submitted = ?, skipped = ?, firings = ?, finished_at = ?, last_error = ?, version = ?"
        " where id = ? and version = ?",
        b.is_unsettled(), b.parallel, jobs::to_text(b.state), b.position, b.submitted, b.skipped,
        text_of(b.open), b.finished_at, b.last_error, b.version + 1, b.id, b.version);
    if (!done) return std::move(done).error();
    return *done == 1;
}

std::string text_or_least(const std::optional<BackfillId>& after) {
    return after ? after->to_string() : std::string();
}

}  // namespace

async::Task<Result<void>> SqlBackfillStore::add(Backfill backfill, std::size_t unfinished_max) {
    auto work = [backfill = std::move(backfill), unfinished_max](Session& session) {
        return add_in(session, backfill, unfinished_max);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<bool>> SqlBackfillStore::save(Backfill backfill) {
    auto work = [backfill = std::move(backfill)](Session& session) {
        return save_in(session, backfill);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::optional<Backfill>>> SqlBackfillStore::find(Tenant tenant,
                                                                    ScheduleId schedule,
                                                                    BackfillId id) {
    auto work = [tenant = std::move(tenant), schedule,
                 id](Session& session) -> Result<std::optional<Backfill>> {
        auto found = backfills_of(session.query_with(
            "select " + std::string(kColumns)
                + " from job_backfills where id = ? and schedule_id = ? and org_id = ?"
                  " and env_slug = ?",
            id, schedule, tenant.org_id, tenant.env_slug));
        if (!found) return std::move(found).error();
        if (found->empty()) return std::optional<Backfill>();
        return std::optional(std::move(found->front()));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<Backfill>>> SqlBackfillStore::list(Tenant tenant,
                                                                  ScheduleId schedule,
                                                                  std::optional<BackfillId> after,
                                                                  std::size_t limit) {
    auto work = [tenant = std::move(tenant), schedule, after, limit](Session& session) {
        return backfills_of(session.query_with(
            "select " + std::string(kColumns)
                + " from job_backfills where schedule_id = ? and org_id = ? and env_slug = ?"
                  " and id > ? order by id limit ?",
            schedule, tenant.org_id, tenant.env_slug, text_or_least(after), limit));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<Backfill>>> SqlBackfillStore::unsettled(
    std::optional<BackfillId> after, std::size_t limit) {
    auto work = [after, limit](Session& session) {
        return backfills_of(session.query_with("select " + std::string(kColumns)
                                                   + " from job_backfills where is_unsettled = 1"
                                                     " and id > ? order by id limit ?",
                                               text_or_least(after), limit));
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
