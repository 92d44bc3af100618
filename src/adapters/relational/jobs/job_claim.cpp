#include "adapters/relational/jobs/job_row.hpp"
#include "adapters/relational/jobs/job_store.hpp"
#include "base/hash.hpp"
#include "core/jobs/job_state.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <unordered_map>

namespace zs::relational {
namespace job_sql {

using jobs::ClaimQuery;
using jobs::JobId;
using jobs::JobState;
using jobs::LeaseToken;

namespace {

// What a claim of the store's own choice looks at before it gives up.
constexpr std::size_t kTenantsMax = 64;
constexpr std::size_t kPageMin = 16;
constexpr std::size_t kScannedMax = 2000;

std::string_view skip_locked(const Session& session) {
    return session.dialect() == Dialect::Postgres ? " for update skip locked" : "";
}

bool can_be_leased(const JobRow& row) {
    return (row.state == JobState::Pending || row.state == JobState::Retrying)
           && row.open_dependencies == 0;
}

Result<bool> is_paused(Session& session, std::int64_t tenant) {
    auto rows = session.query_with(
        "select 1 from job_tenants where num = ? and paused_at is not null", tenant);
    if (!rows) return std::move(rows).error();
    return !rows->empty();
}

Result<void> note_start(Session& session, std::int64_t tenant, const jobs::RateLimit& limit,
                        Timestamp now) {
    const auto window = now - jobs::limits::kRateWindow;
    const Value outdated[] = {tenant, limit.key, relational::to_value(window)};
    auto done = session.execute_later(
        "delete from job_starts where tenant = ? and rate_key = ? and started_at <= ?", outdated);
    if (!done) return done;
    const Value start[] = {tenant, limit.key, relational::to_value(now)};
    return session.execute_later(
        "insert into job_starts (tenant, rate_key, started_at) values (?, ?, ?)", start);
}

Result<std::vector<WholeRow>> take_candidates(Session& session, const TenantNumbers& tenants,
                                              const ClaimQuery& query) {
    auto rows = select_by_ids(session, kWholeColumns, query.candidates, skip_locked(session));
    if (!rows) return std::move(rows).error();
    std::map<std::int64_t, bool> paused;
    std::vector<WholeRow> found;
    found.reserve(rows->size());
    for (const auto& row : *rows) {
        auto whole = whole_of(session, tenants, row);
        if (!whole) return std::move(whole).error();
        const auto tenant = whole->head.tenant;
        if (!paused.contains(tenant)) {
            auto answer = is_paused(session, tenant);
            if (!answer) return std::move(answer).error();
            paused[tenant] = *answer;
        }
        if (!can_be_leased(whole->head) || paused[tenant]) continue;
        if (whole->head.has(kBriefInSpec)) {
            auto spec = jobs::parse_stored_spec(whole->spec);
            if (!spec) return std::move(spec).error();
            if (spec->rate) {
                auto noted = note_start(session, tenant, *spec->rate, query.now);
                if (!noted) return std::move(noted).error();
            }
        }
        found.push_back(std::move(*whole));
    }
    // They come by id; those who wait in a line mostly stand in it by id, too.
    if (std::is_sorted(query.candidates.begin(), query.candidates.end())) return found;
    std::unordered_map<JobId, std::size_t> places;
    for (std::size_t i = 0; i < query.candidates.size(); ++i)
        places.emplace(query.candidates[i], i);
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
        return places.at(a.head.id) < places.at(b.head.id);
    });
    return found;
}

// The store's own choice: tenants take turns; inside one the oldest rank goes first.
class Choice {
public:
    Choice(Session& session, const TenantNumbers& tenants, const ClaimQuery& query)
        : session_(session), tenants_(tenants), query_(query) {}

    Result<std::vector<WholeRow>> run(std::int64_t served_last);

private:
    struct Turn {
        std::int64_t tenant = 0;
        std::int64_t rank = INT64_MIN;  // behind which to go on
        Bytes id;
        bool is_empty = false;
    };

    Result<std::vector<Turn>> tenants_with_work(std::int64_t served_last);
    // Takes up to `count` more of one tenant.
    Result<void> take(Turn& turn, std::size_t count);
    Result<Rows> next_page(const Turn& turn, std::size_t count);
    Result<bool> suits(const WholeRow& row);
    Result<bool> has_slot(const WholeRow& row, const jobs::ConcurrencyLimit& limit);
    Result<bool> has_start(const WholeRow& row, const jobs::RateLimit& limit);
    // What the quota of running jobs leaves of `count`.
    Result<std::size_t> within_quota(std::int64_t tenant, std::size_t count);
    Result<bool> try_lock(std::int64_t tenant, std::string_view kind, const std::string& key);

    Session& session_;
    const TenantNumbers& tenants_;
    const ClaimQuery& query_;
    std::vector<WholeRow> taken_;
    std::map<std::pair<std::int64_t, std::string>, std::uint64_t> keys_taken_;
    std::size_t scanned_ = 0;
};

Result<std::vector<Choice::Turn>> Choice::tenants_with_work(std::int64_t served_last) {
    std::vector<Turn> turns;
    std::int64_t only = 0;
    if (query_.tenant) {
        auto number = tenants_.number_of(session_, *query_.tenant);
        if (!number) return std::move(number).error();
        if (!*number) return turns;
        only = **number;
    }
    auto rows = session_.query_with(
        "select num from job_tenants where paused_at is null and (? = 0 or num = ?)"
        " and exists (select 1 from jobs where jobs.tenant = job_tenants.num"
        " and completed_at is null and state in (0, 4) and eligible_at <= ?"
        " and open_dependencies = 0)"
        " order by case when num > ? then 0 else 1 end, num limit ?",
        only, only, query_.now, served_last, kTenantsMax);
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows) {
        Turn turn;
        turn.tenant = row.integer(0);
        turns.push_back(std::move(turn));
    }
    return turns;
}

Result<Rows> Choice::next_page(const Turn& turn, std::size_t count) {
    static const std::string kSelect =
        "select " + std::string(kWholeColumns)
        + " from jobs where tenant = ? and completed_at is null and state in (0, 4)"
          " and eligible_at <= ? and open_dependencies = 0"
          " and (eligible_at - priority * 60000) >= ?"
          " and ((eligible_at - priority * 60000) > ? or id > ?)"
          " order by (eligible_at - priority * 60000), id limit ?";
    std::string sql = kSelect;
    sql += skip_locked(session_);
    return session_.query_with(sql, turn.tenant, query_.now, turn.rank, turn.rank, turn.id, count);
}

Result<std::size_t> Choice::within_quota(std::int64_t tenant, std::size_t count) {
    if (query_.running_max == 0) return count;
    auto locked = try_lock(tenant, "running", "");
    if (!locked) return std::move(locked).error();
    if (!*locked) return std::size_t{0};
    auto rows = session_.query_with(
        "select count(*) from jobs where tenant = ? and lease_until is not null"
        " and completed_at is null and state = 1",
        tenant);
    if (!rows) return std::move(rows).error();
    const auto of_tenant = [&](const WholeRow& row) { return row.head.tenant == tenant; };
    const auto running = static_cast<std::uint64_t>(rows->front().integer(0))
                         + static_cast<std::uint64_t>(std::ranges::count_if(taken_, of_tenant));
    if (running >= query_.running_max) return std::size_t{0};
    return std::min<std::size_t>(count, query_.running_max - running);
}

Result<void> Choice::take(Turn& turn, std::size_t count) {
    auto room = within_quota(turn.tenant, count);
    if (!room) return std::move(room).error();
    if (*room == 0) turn.is_empty = true;
    const auto wanted = taken_.size() + *room;
    // What is looked at is locked: so no more than is needed, unless it turns out not to suit.
    std::size_t page_min = 1;
    while (!turn.is_empty && taken_.size() < wanted && scanned_ < kScannedMax) {
        const auto size = std::max(wanted - taken_.size(), page_min);
        page_min = kPageMin;
        auto rows = next_page(turn, size);
        if (!rows) return std::move(rows).error();
        turn.is_empty = rows->size() < size;
        for (const auto& row : *rows) {
            if (taken_.size() == wanted) {
                turn.is_empty = false;
                break;
            }
            ++scanned_;
            auto whole = whole_of(session_, tenants_, row);
            if (!whole) return std::move(whole).error();
            turn.rank = to_unix_millis(whole->head.eligible_at)
                        - std::int64_t{whole->head.priority} * 60'000;
            turn.id = raw_id(whole->head.id);
            auto good = suits(*whole);
            if (!good) return std::move(good).error();
            if (*good) taken_.push_back(std::move(*whole));
        }
    }
    return {};
}

Result<bool> Choice::suits(const WholeRow& row) {
    const auto& kinds = query_.kinds;
    const auto knows = [&kinds](const std::string& kind) {
        return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    };
    if (!row.head.has(kBriefInSpec)) return knows("process");
    auto spec = jobs::parse_stored_spec(row.spec);
    if (!spec) return std::move(spec).error();
    if (!knows(spec->kind) || spec->sandbox > query_.sandbox) return false;
    for (const auto& label : spec->requires_labels) {
        const auto& offered = query_.labels;
        if (std::find(offered.begin(), offered.end(), label) == offered.end()) return false;
    }
    if (spec->concurrency) {
        auto free = has_slot(row, *spec->concurrency);
        if (!free || !*free) return free;
    }
    if (spec->rate) {
        auto free = has_start(row, *spec->rate);
        if (!free || !*free) return free;
    }
    if (spec->concurrency) ++keys_taken_[{row.head.tenant, spec->concurrency->key}];
    return true;
}

// Of several processes one at a time decides about a key; the others pass over it.
Result<bool> Choice::try_lock(std::int64_t tenant, std::string_view kind, const std::string& key) {
    if (session_.dialect() != Dialect::Postgres) return true;
    const auto digest = sha256(std::string(kind) + std::to_string(tenant) + "/" + key);
    std::int64_t number = 0;
    std::memcpy(&number, digest.data(), sizeof number);
    auto rows = session_.query_with("select pg_try_advisory_xact_lock(?)", number);
    if (!rows) return std::move(rows).error();
    return rows->front().boolean(0);
}

Result<bool> Choice::has_slot(const WholeRow& row, const jobs::ConcurrencyLimit& limit) {
    auto locked = try_lock(row.head.tenant, "concurrency/", limit.key);
    if (!locked || !*locked) return locked;
    auto rows = session_.query_with(
        "select count(*) from jobs where tenant = ? and concurrency_key = ?"
        " and completed_at is null and state = 1",
        row.head.tenant, limit.key);
    if (!rows) return std::move(rows).error();
    const auto running = static_cast<std::uint64_t>(rows->front().integer(0));
    return running + keys_taken_[{row.head.tenant, limit.key}] < limit.max;
}

Result<bool> Choice::has_start(const WholeRow& row, const jobs::RateLimit& limit) {
    auto locked = try_lock(row.head.tenant, "rate/", limit.key);
    if (!locked || !*locked) return locked;
    const auto window = query_.now - jobs::limits::kRateWindow;
    auto rows = session_.query_with(
        "select count(*) from job_starts where tenant = ? and rate_key = ? and started_at > ?",
        row.head.tenant, limit.key, window);
    if (!rows) return std::move(rows).error();
    if (rows->front().integer(0) >= std::int64_t{limit.per_minute}) return false;
    auto noted = note_start(session_, row.head.tenant, limit, query_.now);
    if (!noted) return std::move(noted).error();
    return true;
}

Result<std::vector<WholeRow>> Choice::run(std::int64_t served_last) {
    auto turns = tenants_with_work(served_last);
    if (!turns) return std::move(turns).error();
    while (!turns->empty() && taken_.size() < query_.count && scanned_ < kScannedMax) {
        const auto left = query_.count - taken_.size();
        const auto share = std::max<std::size_t>(left / turns->size(), 1);
        for (auto& turn : *turns) {
            if (taken_.size() == query_.count) break;
            auto done = take(turn, std::min(share, query_.count - taken_.size()));
            if (!done) return std::move(done).error();
        }
        std::erase_if(*turns, [](const Turn& turn) { return turn.is_empty; });
    }
    return std::move(taken_);
}

Result<std::vector<LeaseToken>> draw_tokens(Session& session, std::size_t count) {
    std::vector<LeaseToken> tokens;
    tokens.reserve(count);
    if (session.dialect() == Dialect::Postgres) {
        auto rows = session.query_with(
            "select nextval('job_lease_tokens') from generate_series(1, ?)", count);
        if (!rows) return std::move(rows).error();
        for (const auto& row : *rows)
            tokens.push_back(LeaseToken(static_cast<std::uint64_t>(row.integer(0))));
        return tokens;
    }
    auto rows = session.query_with(
        "update job_counters set value = value + ? where name = 'lease' returning value", count);
    if (!rows) return std::move(rows).error();
    const auto last = static_cast<std::uint64_t>(rows->front().integer(0));
    for (std::size_t i = 0; i < count; ++i)
        tokens.push_back(LeaseToken(last - count + 1 + i));
    return tokens;
}

Result<void> lease(Session& session, WholeRow& row, const ClaimQuery& query, LeaseToken token) {
    auto& head = row.head;
    auto next = jobs::next_state(head.state, false, head.counters, jobs::JobEvent::Lease, {});
    if (!next) return std::move(next).error();
    head.state = next->state;
    head.counters = next->counters;
    head.token = token;
    head.worker = query.worker;
    head.started_at = query.now;
    ++head.last_seq;
    row.lease_until = query.now + query.lease;
    row.updated_at = query.now;
    row.sandbox.reset();
    row.exit_code.reset();
    const Value params[] = {static_cast<std::int64_t>(head.state),
                            static_cast<std::int64_t>(head.counters.attempt),
                            static_cast<std::int64_t>(token),
                            head.worker,
                            relational::to_value(query.now),
                            relational::to_value(row.lease_until),
                            relational::to_value(query.now),
                            static_cast<std::int64_t>(head.last_seq),
                            raw_id(head.id)};
    return session.execute_later(
        "update jobs set state = ?, attempt = ?, token = ?, worker = ?, started_at = ?,"
        " lease_until = ?, updated_at = ?, last_seq = ?, sandbox = null, exit_code = null"
        " where id = ?",
        params);
}

Result<std::vector<WholeRow>> claim_in(Session& session, const TenantNumbers& tenants,
                                       const ClaimQuery& query, std::int64_t served_last) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    auto taken = query.candidates.empty() ? Choice(session, tenants, query).run(served_last)
                                          : take_candidates(session, tenants, query);
    if (!taken || taken->empty()) return taken;
    auto tokens = draw_tokens(session, taken->size());
    if (!tokens) return std::move(tokens).error();
    for (std::size_t i = 0; i < taken->size(); ++i) {
        auto done = lease(session, (*taken)[i], query, (*tokens)[i]);
        if (!done) return std::move(done).error();
    }
    return taken;
}

}  // namespace
}  // namespace job_sql

async::Task<Result<std::vector<jobs::LeasedJob>>> SqlJobStore::claim(jobs::ClaimQuery query) {
    const auto shared = std::make_shared<const jobs::ClaimQuery>(std::move(query));
    const auto served_last = served_last_.load();
    auto work = [this, shared, served_last](Session& session) {
        return job_sql::claim_in(session, tenants_, *shared, served_last);
    };
    auto rows = co_await database_.write(std::move(work));
    if (!rows) co_return std::move(rows).error();
    if (!rows->empty()) served_last_ = rows->back().head.tenant;
    std::vector<jobs::LeasedJob> leased;
    leased.reserve(rows->size());
    for (auto& row : *rows) {
        auto job = job_sql::to_job(std::move(row));
        if (!job) co_return std::move(job).error();
        jobs::LeasedJob one;
        one.started_seq = job->last_seq;
        one.job = std::move(*job);
        leased.push_back(std::move(one));
    }
    co_return leased;
}

}  // namespace zs::relational
