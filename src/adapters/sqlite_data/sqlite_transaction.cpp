#include "adapters/sqlite_data/sqlite_transaction.hpp"

#include "adapters/sqlite_data/definition_changes.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"

namespace zs::sqlite_data {
namespace {

Result<void> run_fixed(sqlite::Connection& connection, std::string_view sql) {
    auto statement = connection.prepare_cached(sql);
    if (!statement) return std::move(statement).error();
    return statement->run();
}

Error lost_race() {
    return conflict("other writers kept this database busy for too long; begin again",
                    "serialization_failure");
}

Error undone_by_engine() {
    return conflict("the engine gave the transaction up and undid it; begin again",
                    "serialization_failure");
}

}  // namespace

// Shared with the work on the pool, so that it may outlive the transaction's owner.
// Destruction order: the lock goes last, after the connection is clean.
struct SqliteTransaction::State {
    State(Pools given_pools, std::shared_ptr<TenantDatabase> opened, data::TransactionOptions given,
          data::VectorIndexes* used)
        : indexes(used),
          pool(given_pools.work),
          streams(given_pools.streams),
          database(std::move(opened)),
          options(std::move(given)) {}
    ~State() { close_blocking(); }

    data::VectorIndexes* indexes;
    async::BlockingPool& pool;
    async::BlockingPool& streams;
    std::shared_ptr<TenantDatabase> database;
    data::TransactionOptions options;
    std::uint64_t snapshot_mark = 0;
    bool wrote = false;
    sqlite::WriteLock::Hold lock;
    std::unique_ptr<Session> session;
    bool over = false;
    bool defined = false;  // a definition ran: the rollback changes the schema, too

    Result<void> begin_blocking();
    void use_indexes();
    Result<bool> needs_lock_blocking(const data::SqlRequest& request);
    Result<data::SqlSummary> execute_blocking(const data::SqlRequest& request, data::RowSink* sink);
    Result<data::SqlSummary> write_blocking(Prepared& prepared, const data::SqlRequest& request,
                                            data::RowSink* sink);
    Result<data::SqlSummary> define_blocking(Prepared& prepared, const data::SqlRequest& request,
                                             data::RowSink* sink);
    void undo_statement(ChangeRecorder::Mark mark);
    bool is_undone_by_engine();
    Result<void> note_changes();
    Result<void> commit_blocking();
    void close_blocking();
    void publish();
};

Result<void> SqliteTransaction::State::begin_blocking() {
    auto taken = database->take_session_blocking(TenantDatabase::Use::Transaction);
    if (!taken) return std::move(taken).error();
    session = std::move(*taken);
    session->engine.set_capturing(database->capture());
    snapshot_mark = database->commits().mark();
    use_indexes();
    auto begun = run_fixed(session->connection, lock ? "BEGIN IMMEDIATE" : "BEGIN");
    if (!begun) over = true;
    return begun;
}

// Neither waits for an index to be read: the snapshot would be old by then.
void SqliteTransaction::State::use_indexes() {
    IndexUse use;
    use.indexes = indexes;
    use.is_current = [this] { return !wrote && database->commits().is_newest(snapshot_mark); };
    session->engine.use_indexes(std::move(use));
}

// SQLite undoes a transaction by itself when it runs out of memory or the disk fails, also during a
// read. The connection is then in autocommit, where a later write would be committed on its own.
bool SqliteTransaction::State::is_undone_by_engine() {
    if (session->connection.in_transaction()) return false;
    over = true;
    close_blocking();
    return true;
}

// True: the statement writes, and the lock is not ours yet.
Result<bool> SqliteTransaction::State::needs_lock_blocking(const data::SqlRequest& request) {
    auto prepared = session->engine.prepare(request);
    if (!prepared) {
        (void)is_undone_by_engine();
        return std::move(prepared).error();
    }
    if (is_undone_by_engine()) return undone_by_engine();
    if ((*prepared)->read_only) return false;
    if (options.read_only) {
        return forbidden("the transaction is read-only", "read_only_transaction");
    }
    return !lock;
}

Result<data::SqlSummary> SqliteTransaction::State::execute_blocking(const data::SqlRequest& request,
                                                                    data::RowSink* sink) {
    auto prepared = session->engine.prepare(request);
    if (!prepared) {
        (void)is_undone_by_engine();
        return std::move(prepared).error();
    }
    if (is_undone_by_engine()) return undone_by_engine();
    auto outcome = (*prepared)->read_only ? session->engine.run(**prepared, request, sink)
                                          : write_blocking(**prepared, request, sink);
    const bool stale = !outcome && outcome.error().reason == "serialization_failure";
    if (stale || over) {
        over = true;
        close_blocking();
    } else if (is_undone_by_engine() && outcome) {
        return undone_by_engine();
    }
    return outcome;
}

Result<data::SqlSummary> SqliteTransaction::State::define_blocking(Prepared& prepared,
                                                                   const data::SqlRequest& request,
                                                                   data::RowSink* sink) {
    sqlite::Connection& connection = session->connection;
    auto before = DefinitionChanges::before(connection, request.sql);
    if (!before) return std::move(before).error();
    auto outcome = session->engine.run(prepared, request, sink);
    if (!outcome || !connection.in_transaction()) return outcome;
    auto tables = before->tables_after(connection);
    if (!tables) return std::move(tables).error();
    session->engine.recorder().set_redefined(*tables);
    auto tidied = before->tidy_vector_indexes(connection);
    if (tidied) tidied = drop_orphaned_text_indexes(connection);
    if (!tidied) return std::move(tidied).error();
    return outcome;
}

Result<data::SqlSummary> SqliteTransaction::State::write_blocking(Prepared& prepared,
                                                                  const data::SqlRequest& request,
                                                                  data::RowSink* sink) {
    sqlite::Connection& connection = session->connection;
    const auto mark = session->engine.recorder().mark();
    wrote = true;
    auto saved = run_fixed(connection, "SAVEPOINT zs_statement");
    if (!saved) return std::move(saved).error();
    const bool defines = prepared.statement_class == StatementClass::Definition;
    auto outcome = defines ? define_blocking(prepared, request, sink)
                           : session->engine.run(prepared, request, sink);
    if (!connection.in_transaction()) {
        session->engine.recorder().clear();
        return outcome;
    }
    if (!outcome) {
        undo_statement(mark);
        return outcome;
    }
    auto kept = run_fixed(connection, "RELEASE zs_statement");
    if (!kept) {
        undo_statement(mark);
        return std::move(kept).error();
    }
    if (defines) {
        defined = true;
        database->schema_changed();
    }
    return outcome;
}

// A statement that cannot be undone alone takes the transaction with it.
void SqliteTransaction::State::undo_statement(ChangeRecorder::Mark mark) {
    sqlite::Connection& connection = session->connection;
    session->engine.recorder().undo_to(mark);
    auto undone = run_fixed(connection, "ROLLBACK TO zs_statement");
    if (undone) undone = run_fixed(connection, "RELEASE zs_statement");
    if (!undone) over = true;
}

void SqliteTransaction::State::publish() {
    // Without the lock nothing was written.
    if (!lock || !database->hub().has_subscribers()) return;
    database->hub().publish(database->tenant(), session->engine.recorder().take_commit());
}

// Adds to the tables' histories what they need to know. Without the lock nothing was written.
Result<void> SqliteTransaction::State::note_changes() {
    if (!lock) return {};
    return database->journal().note_blocking(session->connection, session->engine.recorder());
}

Result<void> SqliteTransaction::State::commit_blocking() {
    if (is_undone_by_engine()) return undone_by_engine();
    if (lock) database->commits().begins();
    auto committed = note_changes();
    if (committed) committed = run_fixed(session->connection, "COMMIT");
    if (committed) {
        if (lock) database->journal().committed();
        publish();  // still under the write lock: in commit order
        if (lock) database->commits().ended();
        database->schema_changed();
    } else if (session->connection.in_transaction()
               && committed.error().reason == "constraint_violation") {
        if (lock) database->commits().ended();
        return committed;  // a deferred constraint: the caller may mend it and commit again
    }
    over = true;
    if (lock) database->commits().ended();
    close_blocking();
    return committed;
}

// Undoes what is not committed, gives the connection back, then the lock.
void SqliteTransaction::State::close_blocking() {
    if (session) {
        session->engine.recorder().clear();
        session->engine.use_indexes({});
        bool clean = !session->connection.in_transaction();
        if (!clean) clean = run_fixed(session->connection, "ROLLBACK").has_value();
        if (lock) database->journal().rolled_back();
        if (defined) session->engine.forget_schema();
        if (clean) {
            database->give_session(TenantDatabase::Use::Transaction, std::move(session));
        }
        session.reset();
    }
    lock.release();
}

SqliteTransaction::SqliteTransaction(std::shared_ptr<State> state) : state_(std::move(state)) {}

SqliteTransaction::~SqliteTransaction() {
    if (!state_->session) return;
    auto& pool = state_->pool;
    // When the pool takes nothing any more, the destructor of the state does it here.
    auto work = [state = std::move(state_)] { state->close_blocking(); };
    (void)pool.try_post(std::move(work));
}

async::Task<Result<std::unique_ptr<data::EngineTransaction>>> SqliteTransaction::begin(
    Pools pools, std::shared_ptr<TenantDatabase> database, data::TransactionOptions options,
    data::VectorIndexes* indexes) {
    const auto state =
        std::make_shared<State>(pools, std::move(database), std::move(options), indexes);
    if (state->options.write_now) {
        const auto deadline = async::Deadline::after(state->options.lock_wait);
        auto lock = co_await state->database->write_lock().acquire(deadline);
        if (!lock) co_return lost_race();
        state->lock = std::move(*lock);
    }
    auto work = [state] { return state->begin_blocking(); };
    auto begun = co_await pools.work.run(std::move(work));
    if (!begun) co_return std::move(begun).error();
    std::unique_ptr<data::EngineTransaction> transaction(new SqliteTransaction(state));
    co_return transaction;
}

async::Task<Result<void>> SqliteTransaction::take_write_lock(async::Deadline deadline) {
    const auto patience = async::Deadline::after(state_->options.lock_wait);
    auto lock = co_await state_->database->write_lock().acquire(deadline.sooner(patience));
    if (lock) {
        state_->lock = std::move(*lock);
        co_return Result<void>();
    }
    co_await rollback();
    co_return lost_race();
}

async::Task<Result<data::SqlSummary>> SqliteTransaction::execute(
    data::SqlRequest request, std::shared_ptr<data::RowSink> sink) {
    const auto state = state_;
    if (state->over) co_return lost_race();
    const auto shared = std::make_shared<const data::SqlRequest>(std::move(request));
    const auto deadline = shared->deadline;
    const bool streams = is_stream(*shared, sink.get());
    async::Turnstile::Hold turn;
    if (streams) {
        auto until = deadline.sooner(async::Deadline::after(state->options.lock_wait));
        auto waited = co_await state->database->streams().acquire(until);
        if (!waited) co_return too_many_statements();
        turn = std::move(*waited);
    }
    // A transaction that may write and does not yet hold the lock looks first.
    if (!state->lock) {
        auto look = [state, shared] { return state->needs_lock_blocking(*shared); };
        auto needs = co_await state->pool.run(std::move(look));
        if (!needs) co_return std::move(needs).error();
        if (*needs) {
            auto locked = co_await take_write_lock(deadline);
            if (!locked) co_return std::move(locked).error();
        }
    }
    auto work = [state, shared, sink] { return state->execute_blocking(*shared, sink.get()); };
    auto& pool = streams ? state->streams : state->pool;
    co_return co_await pool.run(std::move(work));
}

async::Task<Result<void>> SqliteTransaction::commit() {
    const auto state = state_;
    if (state->over) co_return lost_race();
    auto work = [state] { return state->commit_blocking(); };
    co_return co_await state->pool.run(std::move(work));
}

async::Task<void> SqliteTransaction::rollback() {
    const auto state = state_;
    state->over = true;
    auto work = [state]() -> Result<void> {
        state->close_blocking();
        return {};
    };
    const auto done = co_await state->pool.run(std::move(work));
    // An overloaded pool refuses; the lock must not wait for it.
    if (!done) state->close_blocking();
}

bool SqliteTransaction::holds_write_lock() const {
    return static_cast<bool>(state_->lock);
}

bool SqliteTransaction::is_over() const {
    return state_->over;
}

}  // namespace zs::sqlite_data
