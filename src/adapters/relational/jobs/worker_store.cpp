#include "adapters/relational/jobs/worker_store.hpp"

#include "adapters/relational/jobs/job_row.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace zs::relational {

using jobs::SandboxTier;
using jobs::WorkerId;
using jobs::WorkerInfo;

namespace {

std::string to_list(const std::vector<std::string>& items) {
    boost::json::array list;
    for (const auto& item : items)
        list.push_back(boost::json::value(boost::json::string(item)));
    return write_json(list);
}

std::vector<std::string> from_list(const std::string& text) {
    std::vector<std::string> items;
    const auto list = parse_json(text);
    if (!list || !list->is_array()) return items;
    for (const auto& item : list->get_array()) {
        if (item.is_string()) items.emplace_back(item.get_string());
    }
    return items;
}

Result<void> announce_in(Session& session, const WorkerInfo& worker) {
    const auto org = worker.tenant ? std::optional(worker.tenant->org_id) : std::nullopt;
    const auto env = worker.tenant ? std::optional(worker.tenant->env_slug) : std::nullopt;
    const Value params[] = {worker.id,
                            relational::to_value(org),
                            relational::to_value(env),
                            worker.mode,
                            to_list(worker.labels),
                            to_list(worker.kinds),
                            static_cast<std::int64_t>(worker.sandbox),
                            relational::to_value(worker.slots),
                            relational::to_value(worker.draining),
                            relational::to_value(worker.last_seen_at)};
    return session.execute_later(
        "insert into job_workers (id, org_id, env_slug, mode, labels, kinds, sandbox, slots,"
        " draining, seen_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (id) do update set org_id = excluded.org_id, env_slug = excluded.env_slug,"
        " mode = excluded.mode, labels = excluded.labels, kinds = excluded.kinds,"
        " sandbox = excluded.sandbox, slots = excluded.slots, draining = excluded.draining,"
        " seen_at = excluded.seen_at where job_workers.seen_at <= excluded.seen_at",
        params);
}

WorkerInfo worker_of(const Row& row) {
    WorkerInfo worker;
    worker.id = row.text(0);
    if (const auto org = row.maybe_text(1)) worker.tenant = {*org, row.text(2)};
    worker.mode = row.text(3);
    worker.labels = from_list(row.text(4));
    worker.kinds = from_list(row.text(5));
    worker.sandbox = SandboxTier(row.integer(6));
    worker.slots = static_cast<std::size_t>(row.integer(7));
    worker.draining = row.boolean(8);
    worker.last_seen_at = row.time(9);
    worker.busy = static_cast<std::size_t>(row.integer(10));
    return worker;
}

}  // namespace

async::Task<Result<void>> SqlWorkerStore::announce(std::vector<WorkerInfo> workers,
                                                   Timestamp forget_before) {
    // Always in one order: two processes may tell of the same one.
    std::ranges::sort(workers, {}, &WorkerInfo::id);
    auto work = [workers = std::move(workers), forget_before](Session& session) -> Result<void> {
        if (auto ready = job_sql::begin_locking(session); !ready) return ready;
        for (const auto& worker : workers) {
            auto told = announce_in(session, worker);
            if (!told) return told;
        }
        const Value before[] = {relational::to_value(forget_before)};
        return session.execute_later("delete from job_workers where seen_at < ?", before);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlWorkerStore::forget(std::vector<WorkerId> workers) {
    auto work = [workers = std::move(workers)](Session& session) -> Result<void> {
        for (const auto& worker : workers) {
            const Value id[] = {worker};
            auto done = session.execute_later("delete from job_workers where id = ?", id);
            if (!done) return done;
        }
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<WorkerInfo>>> SqlWorkerStore::list() {
    auto work = [](Session& session) -> Result<std::vector<WorkerInfo>> {
        auto rows = session.query_with(
            "select id, org_id, env_slug, mode, labels, kinds, sandbox, slots, draining, seen_at,"
            " (select count(*) from jobs where jobs.worker = job_workers.id"
            " and lease_until is not null and completed_at is null and state = 1)"
            " from job_workers order by id");
        if (!rows) return std::move(rows).error();
        std::vector<WorkerInfo> workers;
        for (const auto& row : *rows)
            workers.push_back(worker_of(row));
        return workers;
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
