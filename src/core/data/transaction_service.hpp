#pragma once

#include "async/task.hpp"
#include "base/clock.hpp"
#include "core/data/limits.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/sql_service.hpp"
#include "core/data/transaction.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace zs::data {

// The use cases of http-api.md section 5. A transaction belongs to one principal (user) in one
// (organisation, environment); for everybody else it does not exist.
// Threading: any. No lock is held while the engine works; one statement at a time per transaction.
// Lifetime:  call close() and cancel run() before destruction.
// Errors:    NotFound "transaction_not_found"; Conflict "transaction_busy",
//            "transaction_not_active" (details status, reason), "serialization_failure"; Gone
//            "transaction_expired"; Exhausted "too_many_transactions"; Forbidden
//            "read_only_transaction"; and those of the engine.
class TransactionService {
public:
    TransactionService(SqlEngine& engine, const SqlService& statements, const Clock& clock,
                       TransactionLimits limits);
    ~TransactionService();
    TransactionService(const TransactionService&) = delete;
    TransactionService& operator=(const TransactionService&) = delete;

    async::Task<Result<TransactionInfo>> begin(identity::PrincipalPtr principal,
                                               BeginTransaction options);
    async::Task<Result<SqlSummary>> execute(identity::PrincipalPtr principal, TransactionId id,
                                            SqlCall call, std::shared_ptr<RowSink> sink);
    // Success means the work survives power loss. A violated deferred constraint leaves the
    // transaction active, so that it can be mended.
    async::Task<Result<TransactionInfo>> commit(identity::PrincipalPtr principal, TransactionId id);
    async::Task<Result<TransactionInfo>> rollback(identity::PrincipalPtr principal,
                                                  TransactionId id);
    Result<TransactionInfo> status(const identity::Principal& principal, TransactionId id);
    // Newest first.
    std::vector<TransactionInfo> list(const identity::Principal& principal,
                                      std::optional<TransactionStatus> status = std::nullopt);

    // Rolls back what the session or key `token_id` began; a running statement is stopped.
    async::Task<> end_session(Uuid token_id);
    // Ends what is past its time or idle with the write lock, and forgets what ended long ago.
    async::Task<> sweep();
    // Sweeps until cancelled; spawn it in a TaskGroup.
    async::Task<> run();
    // Rolls back everything and begins nothing more.
    async::Task<> close();

    std::size_t active() const;

private:
    struct Record;
    struct Registry;
    using RecordPtr = std::shared_ptr<Record>;

    async::Task<> settle(RecordPtr record);
    async::Task<Result<RecordPtr>> enter(const identity::Principal& principal, TransactionId id,
                                         std::string_view use);

    SqlEngine& engine_;
    const SqlService& statements_;
    const Clock& clock_;
    TransactionLimits limits_;
    std::unique_ptr<Registry> registry_;
};

}  // namespace zs::data
