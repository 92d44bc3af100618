#include "core/data/transaction_service.hpp"

#include "async/completion.hpp"
#include "base/metrics.hpp"
#include "support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace zs::data {
namespace {

using namespace std::chrono_literals;

constexpr auto kNoAnswer = [](const std::exception_ptr&, const auto&) {};

// What the engine is told, and what it is to answer next.
struct Script {
    std::vector<std::string> log;
    std::optional<Error> statement_error;
    std::optional<Error> commit_error;
    bool over_after_error = false;
    bool takes_lock = false;
    bool hold_next = false;  // the next statement waits for `held`
    std::optional<async::Completion<Result<SqlSummary>>> held;
    SqlRequest last;
    TransactionOptions options;
};

class ScriptedTransaction final : public EngineTransaction {
public:
    explicit ScriptedTransaction(Script& script) : script_(script) {}
    async::Task<Result<SqlSummary>> execute(SqlRequest request, std::shared_ptr<RowSink>) override {
        script_.log.push_back(request.sql);
        script_.last = std::move(request);
        locked_ = locked_ || script_.takes_lock;
        if (script_.hold_next) {
            script_.hold_next = false;
            auto start = [this](async::Completion<Result<SqlSummary>> done) {
                script_.held.emplace(std::move(done));
            };
            co_return co_await async::wait_for<Result<SqlSummary>>(std::move(start));
        }
        if (script_.statement_error) {
            over_ = script_.over_after_error;
            co_return *script_.statement_error;
        }
        co_return SqlSummary();
    }
    async::Task<Result<void>> commit() override {
        script_.log.emplace_back("commit");
        if (!script_.commit_error) co_return Result<void>();
        over_ = script_.over_after_error;
        co_return *script_.commit_error;
    }
    async::Task<void> rollback() override {
        script_.log.emplace_back("rollback");
        co_return;
    }
    bool holds_write_lock() const override { return locked_; }
    bool is_over() const override { return over_; }

private:
    Script& script_;
    bool locked_ = false;
    bool over_ = false;
};

class ScriptedEngine final : public SqlEngine {
public:
    async::Task<Result<SqlSummary>> execute(SqlRequest, std::shared_ptr<RowSink>) override {
        co_return SqlSummary();
    }
    async::Task<Result<std::unique_ptr<EngineTransaction>>> begin(
        TransactionOptions options) override {
        script.options = options;
        if (begin_error) co_return *begin_error;
        std::unique_ptr<EngineTransaction> made = std::make_unique<ScriptedTransaction>(script);
        co_return made;
    }
    async::Task<Result<std::vector<TableInfo>>> tables(
        identity::Tenant, std::shared_ptr<const identity::Rights>) override {
        co_return std::vector<TableInfo>();
    }
    async::Task<Result<TableInfo>> table(identity::Tenant, std::string,
                                         std::shared_ptr<const identity::Rights>) override {
        co_return TableInfo();
    }
    Script script;
    std::optional<Error> begin_error;
};

class TransactionServiceTest : public ::testing::Test {
protected:
    static identity::PrincipalPtr principal(const Clock& clock, std::string env = "live") {
        auto made = std::make_shared<identity::Principal>();
        made->user_id = identity::UserId::next(clock);
        made->tenant.org_id = "default";
        made->tenant.env_slug = std::move(env);
        made->token_id = Uuid::next(clock);
        made->rights = std::make_shared<identity::Rights>();
        return made;
    }
    TransactionInfo begin(BeginTransaction options = {}) {
        auto begun = testing::run_task(service_.begin(ada_, options));
        EXPECT_TRUE(begun.has_value());
        return *begun;
    }
    std::string execute(TransactionId id, std::string sql = "SELECT 1",
                        identity::PrincipalPtr who = nullptr) {
        SqlCall call;
        call.sql = std::move(sql);
        return reason(
            testing::run_task(service_.execute(who ? who : ada_, id, std::move(call), nullptr)));
    }
    template <class T>
    static std::string reason(const Result<T>& result) {
        return result ? "ok" : std::string(result.error().reason_text());
    }
    std::string status(TransactionId id) {
        const auto info = service_.status(*ada_, id);
        return info ? std::string(to_text(info->status)) : reason(info);
    }
    void sweep() { testing::run_task(service_.sweep()); }

    ManualClock clock_;
    ScriptedEngine engine_;
    SqlService statements_{engine_, SqlLimits()};
    TransactionService service_{engine_, statements_, clock_, TransactionLimits()};
    identity::PrincipalPtr ada_ = principal(clock_);
    identity::PrincipalPtr bob_ = principal(clock_);
};

TEST_F(TransactionServiceTest, LivesFromBeginToCommit) {
    const auto info = begin();
    EXPECT_EQ(info.isolation_level, IsolationLevel::Serializable);
    EXPECT_EQ(info.expires_at - info.created_at, 300s);
    EXPECT_EQ(execute(info.id), "ok");
    EXPECT_EQ(execute(info.id), "ok");
    const auto committed = testing::run_task(service_.commit(ada_, info.id));
    ASSERT_TRUE(committed.has_value());
    EXPECT_EQ(committed->operations_count, 2U);
    EXPECT_EQ(committed->ended_at, clock_.now());
    EXPECT_EQ(status(info.id), "committed");
    EXPECT_EQ(execute(info.id), "transaction_not_active");
    EXPECT_EQ(reason(testing::run_task(service_.commit(ada_, info.id))), "transaction_not_active");
    EXPECT_EQ(reason(testing::run_task(service_.rollback(ada_, info.id))),
              "transaction_not_active");
    EXPECT_EQ(service_.active(), 0U);
}

TEST_F(TransactionServiceTest, RollbackUndoes) {
    const auto info = begin();
    ASSERT_TRUE(testing::run_task(service_.rollback(ada_, info.id)).has_value());
    EXPECT_EQ(engine_.script.log, (std::vector<std::string>{"rollback"}));
    EXPECT_EQ(status(info.id), "rolled_back");
}

TEST_F(TransactionServiceTest, DoesNotExistForAnybodyElse) {
    const auto info = begin();
    EXPECT_EQ(execute(info.id, "SELECT 1", bob_), "transaction_not_found");
    EXPECT_EQ(reason(service_.status(*bob_, info.id)), "transaction_not_found");
    EXPECT_EQ(reason(testing::run_task(service_.commit(bob_, info.id))), "transaction_not_found");
    auto elsewhere = std::make_shared<identity::Principal>(*ada_);
    elsewhere->tenant.env_slug = "sandbox";
    EXPECT_EQ(execute(info.id, "SELECT 1", elsewhere), "transaction_not_found");
    EXPECT_EQ(execute(TransactionId::next(clock_)), "transaction_not_found");
    EXPECT_TRUE(service_.list(*bob_).empty());
}

TEST_F(TransactionServiceTest, ChecksWhatIsAskedFor) {
    BeginTransaction options;
    for (const std::int64_t seconds : {0, -1, 3601}) {
        options.timeout_seconds = seconds;
        EXPECT_EQ(reason(testing::run_task(service_.begin(ada_, options))), "invalid_argument");
    }
    options.timeout_seconds = 3600;
    options.read_only = true;
    EXPECT_TRUE(begin(options).read_only);
    EXPECT_TRUE(engine_.script.options.read_only);
    options.write = true;
    EXPECT_EQ(reason(testing::run_task(service_.begin(ada_, options))), "invalid_argument");
}

TEST_F(TransactionServiceTest, LimitsHowManyOnePrincipalHasOpen) {
    std::vector<TransactionInfo> open;
    for (int i = 0; i < 10; ++i)
        open.push_back(begin());
    const auto refused = testing::run_task(service_.begin(ada_, BeginTransaction()));
    EXPECT_EQ(reason(refused), "too_many_transactions");
    EXPECT_EQ(refused.error().code, ErrorCode::Exhausted);
    EXPECT_TRUE(testing::run_task(service_.begin(bob_, BeginTransaction())).has_value());
    (void)testing::run_task(service_.rollback(ada_, open.front().id));
    EXPECT_TRUE(testing::run_task(service_.begin(ada_, BeginTransaction())).has_value());
}

TEST_F(TransactionServiceTest, ABeginThatFailsCountsForNothing) {
    engine_.begin_error = conflict("no lock", "serialization_failure");
    EXPECT_EQ(reason(testing::run_task(service_.begin(ada_, BeginTransaction()))),
              "serialization_failure");
    EXPECT_EQ(service_.active(), 0U);
    EXPECT_TRUE(service_.list(*ada_).empty());
}

TEST_F(TransactionServiceTest, ExpiresAtItsTime) {
    BeginTransaction options;
    options.timeout_seconds = 10;
    const auto swept = begin(options);
    const auto unswept = begin(options);
    clock_.advance(9999ms);
    sweep();
    EXPECT_EQ(status(swept.id), "active");
    clock_.advance(1ms);
    EXPECT_EQ(status(unswept.id), "expired");
    EXPECT_EQ(execute(unswept.id), "transaction_expired");
    sweep();
    EXPECT_EQ(engine_.script.log, (std::vector<std::string>{"rollback", "rollback"}));
    const auto late = testing::run_task(service_.commit(ada_, swept.id));
    EXPECT_EQ(late.error().code, ErrorCode::Gone);
    EXPECT_EQ(reason(testing::run_task(service_.rollback(ada_, swept.id))),
              "transaction_not_active");
}

TEST_F(TransactionServiceTest, AnIdleWriterIsRolledBack) {
    const auto reader = begin();
    EXPECT_EQ(execute(reader.id), "ok");
    const auto writer = begin();
    engine_.script.takes_lock = true;
    EXPECT_EQ(execute(writer.id, "INSERT INTO t VALUES (1)"), "ok");
    clock_.advance(4999ms);
    sweep();
    EXPECT_EQ(status(writer.id), "active");
    clock_.advance(1ms);
    sweep();
    EXPECT_EQ(status(writer.id), "rolled_back");
    EXPECT_EQ(status(reader.id), "active");
    SqlCall call;
    call.sql = "SELECT 1";
    const auto late = testing::run_task(service_.execute(ada_, writer.id, call, nullptr));
    EXPECT_EQ(reason(late), "transaction_not_active");
    EXPECT_EQ(late.error().details.at("reason").as_string(), "idle");
}

TEST_F(TransactionServiceTest, AnIdleWriterIsFoundAtItsNextStatementToo) {
    const auto writer = begin();
    engine_.script.takes_lock = true;
    EXPECT_EQ(execute(writer.id), "ok");
    clock_.advance(5000ms);
    EXPECT_EQ(execute(writer.id), "transaction_not_active");
    EXPECT_EQ(engine_.script.log.back(), "rollback");
}

TEST_F(TransactionServiceTest, ASerializationFailureAborts) {
    const auto info = begin();
    engine_.script.statement_error = conflict("stale", "serialization_failure");
    engine_.script.over_after_error = true;
    EXPECT_EQ(execute(info.id), "serialization_failure");
    EXPECT_EQ(status(info.id), "aborted");
    EXPECT_EQ(execute(info.id), "transaction_not_active");
    EXPECT_EQ(reason(testing::run_task(service_.commit(ada_, info.id))), "transaction_not_active");
    EXPECT_TRUE(testing::run_task(service_.rollback(ada_, info.id)).has_value());
    EXPECT_EQ(status(info.id), "rolled_back");
}

TEST_F(TransactionServiceTest, AnotherErrorLeavesItActive) {
    const auto info = begin();
    engine_.script.statement_error = invalid_argument("no such table: x", "no_such_table");
    EXPECT_EQ(execute(info.id), "no_such_table");
    EXPECT_EQ(status(info.id), "active");
    engine_.script.commit_error = conflict("deferred", "constraint_violation");
    EXPECT_EQ(reason(testing::run_task(service_.commit(ada_, info.id))), "constraint_violation");
    EXPECT_EQ(status(info.id), "active");
    EXPECT_EQ(service_.status(*ada_, info.id)->operations_count, 0U);
    EXPECT_EQ(execute(info.id, "   "), "invalid_argument");
    EXPECT_EQ(status(info.id), "active");
}

// Starts a statement that does not end by itself.
class RunningStatement {
public:
    RunningStatement(TransactionService& service, Script& script, identity::PrincipalPtr who,
                     TransactionId id)
        : script_(script) {
        script.hold_next = true;
        SqlCall call;
        call.sql = "SELECT slow";
        boost::asio::co_spawn(loop_, service.execute(std::move(who), id, call, nullptr), kNoAnswer);
        loop_.poll();
    }
    void finish() {
        script_.held->complete(SqlSummary());
        script_.held.reset();
        loop_.restart();
        loop_.run();
    }

private:
    Script& script_;
    boost::asio::io_context loop_;
};

TEST_F(TransactionServiceTest, OneStatementAtATime) {
    const auto info = begin();
    RunningStatement running(service_, engine_.script, ada_, info.id);
    EXPECT_EQ(execute(info.id), "transaction_busy");
    EXPECT_EQ(reason(testing::run_task(service_.commit(ada_, info.id))), "transaction_busy");
    EXPECT_EQ(reason(testing::run_task(service_.rollback(ada_, info.id))), "transaction_busy");
    running.finish();
    EXPECT_EQ(execute(info.id), "ok");
}

TEST_F(TransactionServiceTest, TheEndOfASessionStopsAndUndoesWhatItBegan) {
    const auto idle = begin();
    const auto busy = begin();
    const auto other = testing::run_task(service_.begin(bob_, BeginTransaction()));
    RunningStatement running(service_, engine_.script, ada_, busy.id);
    testing::run_task(service_.end_session(ada_->token_id));
    EXPECT_EQ(status(idle.id), "rolled_back");
    EXPECT_TRUE(engine_.script.last.cancelled.stop_requested());
    EXPECT_EQ(status(busy.id), "active");  // until the engine has stopped
    running.finish();
    EXPECT_EQ(status(busy.id), "rolled_back");
    EXPECT_EQ(service_.status(*ada_, busy.id)->end_reason, "session_ended");
    EXPECT_EQ(service_.status(*bob_, other->id)->status, TransactionStatus::Active);
}

TEST_F(TransactionServiceTest, AStatementEndsWithItsTransaction) {
    BeginTransaction options;
    options.timeout_seconds = 1;
    const auto info = begin(options);
    EXPECT_EQ(execute(info.id), "ok");
    EXPECT_LE(engine_.script.last.deadline.remaining(), 1s);
    RunningStatement running(service_, engine_.script, ada_, info.id);
    clock_.advance(1s);
    sweep();
    EXPECT_TRUE(engine_.script.last.cancelled.stop_requested());
    running.finish();
    EXPECT_EQ(status(info.id), "expired");
}

TEST_F(TransactionServiceTest, EndedOnesAreRememberedForAnHour) {
    const auto info = begin();
    (void)testing::run_task(service_.commit(ada_, info.id));
    clock_.advance(59min);
    sweep();
    EXPECT_EQ(status(info.id), "committed");
    EXPECT_EQ(service_.list(*ada_, TransactionStatus::Committed).size(), 1U);
    EXPECT_TRUE(service_.list(*ada_, TransactionStatus::Active).empty());
    clock_.advance(1min);
    sweep();
    EXPECT_EQ(status(info.id), "transaction_not_found");
}

TEST_F(TransactionServiceTest, CloseUndoesEverythingAndBeginsNothing) {
    const auto info = begin();
    testing::run_task(service_.close());
    EXPECT_EQ(status(info.id), "rolled_back");
    EXPECT_EQ(reason(testing::run_task(service_.begin(ada_, BeginTransaction()))), "unavailable");
}

TEST_F(TransactionServiceTest, IsCounted) {
    const auto before = metrics::value("transactions_total", {{"result", "committed"}});
    const auto info = begin();
    EXPECT_EQ(metrics::value("transactions_active"), 1);
    (void)testing::run_task(service_.commit(ada_, info.id));
    EXPECT_EQ(metrics::value("transactions_active"), 0);
    EXPECT_EQ(metrics::value("transactions_total", {{"result", "committed"}}), before + 1);
}

}  // namespace
}  // namespace zs::data
