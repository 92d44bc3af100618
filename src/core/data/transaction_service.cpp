#include "core/data/transaction_service.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "core/data/statement_kind.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace zs::data {
namespace {

void count_end(TransactionStatus status) {
    const auto result = std::string(to_text(status));
    metrics::counter("transactions_total", "Ended transactions by result.", {{"result", result}})
        .add();
}

Error not_active(const TransactionInfo& info) {
    const auto status = to_text(info.status);
    Error error =
        conflict("the transaction is " + std::string(status) + ", not active; begin a new one",
                 "transaction_not_active");
    error.details["status"] = json_text(status);
    if (!info.end_reason.empty()) error.details["reason"] = info.end_reason;
    return error;
}

}  // namespace

// All fields but `engine` are guarded by the registry's mutex. `engine` belongs to whoever set
// `busy`.
struct TransactionService::Record {
    TransactionInfo info;
    identity::UserId user_id;
    identity::Tenant tenant;
    Uuid token_id;
    std::unique_ptr<EngineTransaction> engine;
    std::optional<std::size_t> ef_search;  // SET in this transaction; belongs to whoever set `busy`
    bool busy = false;
    bool holds_write_lock = false;
    std::stop_source stop;                      // of the running statement
    std::optional<TransactionStatus> must_end;  // wanted while busy; done by whoever is busy
    std::string must_end_reason;

    bool belongs_to(const identity::Principal& principal) const {
        return user_id == principal.user_id && tenant == principal.tenant;
    }
    // Where the record is when its time is over, before anybody has undone its work.
    void want_end(TransactionStatus status, std::string reason) {
        if (must_end) return;
        must_end = status;
        must_end_reason = std::move(reason);
        stop.request_stop();
    }
};

struct TransactionService::Registry {
    mutable std::mutex mutex;
    std::map<TransactionId, RecordPtr> records;
    std::size_t active = 0;
    std::size_t beginning = 0;  // begun at the engine, not yet in `records`
    bool closed = false;
    metrics::Gauge& gauge = metrics::gauge("transactions_active", "Open transactions.");

    // Under the mutex.
    void end(Record& record, TransactionStatus status, std::string reason, Timestamp now) {
        if (record.info.status == TransactionStatus::Active) {
            --active;
            gauge.set(static_cast<double>(active));
        }
        record.info.status = status;
        record.info.end_reason = std::move(reason);
        record.info.ended_at = now;
        count_end(status);
    }

    std::size_t active_of(const identity::Principal& principal) const {
        return static_cast<std::size_t>(std::ranges::count_if(records, [&](const auto& entry) {
            return entry.second->info.status == TransactionStatus::Active
                   && entry.second->belongs_to(principal);
        }));
    }

    RecordPtr find(const identity::Principal& principal, TransactionId id) const {
        const auto found = records.find(id);
        if (found == records.end() || !found->second->belongs_to(principal)) return nullptr;
        return found->second;
    }

    // Ids sort by creation, so the first ended ones are the oldest.
    void forget(Timestamp now) {
        std::size_t ended = records.size() - active;
        std::erase_if(records, [&](const auto& entry) {
            const auto& at = entry.second->info.ended_at;
            if (!at || entry.second->busy || entry.second->engine) return false;
            const bool old = now - *at >= limits::kEndedTransactionsKept;
            if (!old && ended <= limits::kEndedTransactionsMax) return false;
            --ended;
            return true;
        });
    }
};

TransactionService::TransactionService(SqlEngine& engine, const SqlService& statements,
                                       const Clock& clock, TransactionLimits limits)
    : engine_(engine),
      statements_(statements),
      clock_(clock),
      limits_(limits),
      registry_(std::make_unique<Registry>()) {}

TransactionService::~TransactionService() = default;

async::Task<Result<TransactionInfo>> TransactionService::begin(identity::PrincipalPtr principal,
                                                               BeginTransaction options) {
    const auto seconds = options.timeout_seconds.value_or(limits_.timeout_default.count());
    if (seconds < 1 || seconds > limits_.timeout_max.count()) {
        co_return invalid_field("timeout_seconds",
                                "'timeout_seconds' must be between 1 and "
                                    + std::to_string(limits_.timeout_max.count()));
    }
    if (options.read_only && options.write) {
        co_return invalid_field("write", "'write' and 'read_only' exclude each other");
    }
    const auto record = std::make_shared<Record>();
    {
        const std::lock_guard lock(registry_->mutex);
        if (registry_->closed) co_return unavailable("the server is stopping");
        if (registry_->active_of(*principal) >= limits_.active_per_principal_max) {
            co_return exhausted("at most " + std::to_string(limits_.active_per_principal_max)
                                    + " transactions may be open at once; end one first",
                                "too_many_transactions");
        }
        // Registered, and counted, before the engine is asked, so that a burst cannot pass the
        // limit.
        record->info.id = TransactionId::next(clock_);
        record->info.read_only = options.read_only;
        record->info.created_at = record->info.last_activity = clock_.now();
        record->info.expires_at = record->info.created_at + Seconds(seconds);
        record->user_id = principal->user_id;
        record->tenant = principal->tenant;
        record->token_id = principal->token_id;
        record->busy = true;
        registry_->records.emplace(record->info.id, record);
        registry_->gauge.set(static_cast<double>(++registry_->active));
    }
    TransactionOptions wanted;
    wanted.tenant = principal->tenant;
    wanted.read_only = options.read_only;
    wanted.write_now = options.write;
    wanted.lock_wait = limits_.lock_wait;
    auto engine = co_await engine_.begin(std::move(wanted));
    TransactionInfo info;
    {
        const std::lock_guard lock(registry_->mutex);
        record->busy = false;
        info = record->info;
        if (engine) {
            record->engine = std::move(*engine);
            record->holds_write_lock = record->engine->holds_write_lock();
            record->info.last_activity = clock_.now();
        } else {
            registry_->records.erase(record->info.id);
            registry_->gauge.set(static_cast<double>(--registry_->active));
        }
    }
    if (!engine) co_return std::move(engine).error();
    co_await settle(record);
    co_return info;
}

// Makes the caller the one who works with the record, or says why that cannot be.
async::Task<Result<TransactionService::RecordPtr>> TransactionService::enter(
    const identity::Principal& principal, TransactionId id, std::string_view use) {
    RecordPtr record;
    bool over = false;
    {
        const std::lock_guard lock(registry_->mutex);
        record = registry_->find(principal, id);
        if (!record) {
            co_return not_found("there is no such transaction", "transaction_not_found");
        }
        if (record->info.status == TransactionStatus::Active) {
            if (record->busy) {
                co_return conflict("another statement of this transaction is still running",
                                   "transaction_busy");
            }
            const auto now = clock_.now();
            if (now >= record->info.expires_at) {
                record->want_end(TransactionStatus::Expired, "timeout");
            } else if (record->holds_write_lock
                       && now - record->info.last_activity >= limits_.write_idle) {
                record->want_end(TransactionStatus::RolledBack, "idle");
            }
            over = record->must_end.has_value();
            if (!over) {
                record->busy = true;
                record->stop = std::stop_source();
                record->info.last_activity = now;
                co_return record;
            }
        }
    }
    if (over) co_await settle(record);
    const std::lock_guard lock(registry_->mutex);
    if (record->info.status == TransactionStatus::Expired && use != "rollback") {
        co_return gone("the transaction expired and is undone; begin a new one",
                       "transaction_expired");
    }
    co_return not_active(record->info);
}

// Ends the record when somebody wanted so while it was busy, or the engine gave it up.
async::Task<> TransactionService::settle(RecordPtr record) {
    std::unique_ptr<EngineTransaction> engine;
    {
        const std::lock_guard lock(registry_->mutex);
        if (record->busy || record->info.status != TransactionStatus::Active) co_return;
        if (!record->must_end) co_return;
        engine = std::move(record->engine);
        record->holds_write_lock = false;
        registry_->end(*record, *record->must_end, record->must_end_reason, clock_.now());
    }
    if (engine) co_await engine->rollback();
}

async::Task<Result<SqlSummary>> TransactionService::execute(identity::PrincipalPtr principal,
                                                            TransactionId id, SqlCall call,
                                                            std::shared_ptr<RowSink> sink) {
    const auto begun = std::chrono::steady_clock::now();
    const std::string_view kind = statement_kind(call.sql);
    const std::stop_token client = call.cancelled;
    auto entered = co_await enter(*principal, id, "execute");
    if (!entered) co_return std::move(entered).error();
    const RecordPtr record = std::move(*entered);
    const auto setting = read_vector_setting(call.sql);
    if (!call.ef_search) call.ef_search = record->ef_search;
    if (setting && *setting && (*setting)->kind == VectorSetting::Kind::Show) {
        const auto asked = statements_.prepare(call, *principal);
        if (asked) call.sql = show_statement(asked->ef_search);
    }
    auto request = setting ? statements_.prepare(std::move(call), *principal)
                           : Result<SqlRequest>(setting.error());
    Result<SqlSummary> outcome =
        request ? Result<SqlSummary>(setting_summary()) : Result<SqlSummary>(request.error());
    if (request && *setting && (*setting)->kind != VectorSetting::Kind::Show) {
        record->ef_search.reset();
        if ((*setting)->kind == VectorSetting::Kind::Set) record->ef_search = (*setting)->ef_search;
    } else if (request) {
        // Stops when the client goes away, and when the transaction has to end.
        std::stop_source stop = record->stop;
        const std::stop_callback forward(client, [stop]() mutable { stop.request_stop(); });
        request->cancelled = stop.get_token();
        const auto left = record->info.expires_at - clock_.now();
        request->deadline = request->deadline.sooner(async::Deadline::after(left));
        if (sink) sink->bound_by(request->deadline, request->cancelled);
        outcome = co_await record->engine->execute(std::move(*request), std::move(sink));
        count_statement(kind, outcome, std::chrono::steady_clock::now() - begun);
    }
    {
        const std::lock_guard lock(registry_->mutex);
        record->busy = false;
        record->info.last_activity = clock_.now();
        record->holds_write_lock = record->engine->holds_write_lock();
        if (outcome) ++record->info.operations_count;
        if (record->info.last_activity >= record->info.expires_at) {
            record->want_end(TransactionStatus::Expired, "timeout");
        } else if (record->engine->is_over()) {
            record->want_end(TransactionStatus::Aborted,
                             std::string(outcome ? "stopped" : outcome.error().reason_text()));
        }
    }
    co_await settle(record);
    co_return outcome;
}

async::Task<Result<TransactionInfo>> TransactionService::commit(identity::PrincipalPtr principal,
                                                                TransactionId id) {
    auto entered = co_await enter(*principal, id, "commit");
    if (!entered) co_return std::move(entered).error();
    const RecordPtr record = std::move(*entered);
    const auto committed = co_await record->engine->commit();
    std::unique_ptr<EngineTransaction> engine;
    TransactionInfo info;
    {
        const std::lock_guard lock(registry_->mutex);
        record->busy = false;
        if (committed) {
            engine = std::move(record->engine);
            record->holds_write_lock = false;
            registry_->end(*record, TransactionStatus::Committed, "", clock_.now());
        } else if (record->engine->is_over()) {
            record->want_end(TransactionStatus::Aborted,
                             std::string(committed.error().reason_text()));
        }
        info = record->info;
    }
    co_await settle(record);
    if (!committed) co_return committed.error();
    co_return info;
}

async::Task<Result<TransactionInfo>> TransactionService::rollback(identity::PrincipalPtr principal,
                                                                  TransactionId id) {
    {
        // An aborted one is undone already; the caller may still say goodbye to it.
        const std::lock_guard lock(registry_->mutex);
        const auto record = registry_->find(*principal, id);
        if (record && record->info.status == TransactionStatus::Aborted) {
            record->info.status = TransactionStatus::RolledBack;
            record->info.ended_at = clock_.now();
            co_return record->info;
        }
    }
    auto entered = co_await enter(*principal, id, "rollback");
    if (!entered) co_return std::move(entered).error();
    const RecordPtr record = std::move(*entered);
    {
        const std::lock_guard lock(registry_->mutex);
        record->busy = false;
        record->want_end(TransactionStatus::RolledBack, "");
    }
    co_await settle(record);
    const std::lock_guard lock(registry_->mutex);
    co_return record->info;
}

Result<TransactionInfo> TransactionService::status(const identity::Principal& principal,
                                                   TransactionId id) {
    const std::lock_guard lock(registry_->mutex);
    const auto record = registry_->find(principal, id);
    if (!record) return not_found("there is no such transaction", "transaction_not_found");
    TransactionInfo info = record->info;
    // Its work is undone by the next sweep; what it can be used for ended now.
    if (info.status == TransactionStatus::Active && clock_.now() >= info.expires_at) {
        info.status = TransactionStatus::Expired;
    }
    return info;
}

std::vector<TransactionInfo> TransactionService::list(const identity::Principal& principal,
                                                      std::optional<TransactionStatus> wanted) {
    std::vector<TransactionInfo> found;
    const std::lock_guard lock(registry_->mutex);
    for (const auto& [id, record] : registry_->records) {
        if (!record->belongs_to(principal)) continue;
        if (wanted && record->info.status != *wanted) continue;
        found.push_back(record->info);
    }
    std::ranges::reverse(found);
    return found;
}

async::Task<> TransactionService::end_session(Uuid token_id) {
    std::vector<RecordPtr> mine;
    {
        const std::lock_guard lock(registry_->mutex);
        for (const auto& [id, record] : registry_->records) {
            if (record->token_id != token_id) continue;
            if (record->info.status != TransactionStatus::Active) continue;
            record->want_end(TransactionStatus::RolledBack, "session_ended");
            mine.push_back(record);
        }
    }
    for (const auto& record : mine)
        co_await settle(record);
}

async::Task<> TransactionService::sweep() {
    std::vector<RecordPtr> ending;
    {
        const std::lock_guard lock(registry_->mutex);
        const auto now = clock_.now();
        for (const auto& [id, record] : registry_->records) {
            if (record->info.status != TransactionStatus::Active) continue;
            if (now >= record->info.expires_at) {
                record->want_end(TransactionStatus::Expired, "timeout");
            } else if (!record->busy && record->holds_write_lock
                       && now - record->info.last_activity >= limits_.write_idle) {
                record->want_end(TransactionStatus::RolledBack, "idle");
            }
            if (record->must_end) ending.push_back(record);
        }
        registry_->forget(now);
    }
    for (const auto& record : ending)
        co_await settle(record);
}

async::Task<> TransactionService::run() {
    while (true) {
        co_await async::sleep_for(limits::kTransactionSweep);
        co_await sweep();
    }
}

async::Task<> TransactionService::close() {
    std::vector<RecordPtr> all;
    {
        const std::lock_guard lock(registry_->mutex);
        registry_->closed = true;
        for (const auto& [id, record] : registry_->records) {
            if (record->info.status != TransactionStatus::Active) continue;
            record->want_end(TransactionStatus::RolledBack, "shutdown");
            all.push_back(record);
        }
    }
    for (const auto& record : all)
        co_await settle(record);
}

std::size_t TransactionService::active() const {
    const std::lock_guard lock(registry_->mutex);
    return registry_->active;
}

}  // namespace zs::data
