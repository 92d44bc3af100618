#pragma once

#include "adapters/relational/row.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "base/unique_function.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::relational {

enum class Dialect { Sqlite, Postgres };

// One transaction, as a store sees it: synchronous, on a database thread. SQL is written once with
// `?` for parameters in the words both dialects share; where they differ a store asks dialect().
// Lifetime: ends with the closure. After a failed statement the transaction can only end: later
// statements fail, and a closure that answers success all the same is answered the failure.
// Errors: Conflict "constraint_violation" for a violated constraint, with details kind ("unique",
// "not_null", "check", "foreign_key") and constraint ("users.org_id, users.email", or its name);
// InvalidArgument "invalid_value" for a value that the column cannot hold; Unavailable when the
// database cannot be reached; Internal for bad SQL and for writing in a read().
class Session {
public:
    virtual ~Session() = default;
    virtual Result<Rows> query(std::string_view sql, std::span<const Value> params) = 0;
    // Answers the number of affected rows.
    virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Value> params) = 0;
    // For a statement whose count nobody needs: it may travel with the next one or with the commit,
    // and its failure is then theirs.
    virtual Result<void> execute_later(std::string_view sql, std::span<const Value> params) {
        auto done = execute(sql, params);
        if (!done) return std::move(done).error();
        return {};
    }
    // Inserts many rows by few statements: "insert into t (a, b) values", "(?, ?)" for each row,
    // and the parameters row by row. Its failure may come with a later statement, as above.
    virtual Result<void> insert_rows(std::string_view into, std::string_view tuple,
                                     std::span<const ValueView> params) = 0;
    // Many statements without parameters, for migrations. None may begin or end a transaction.
    virtual Result<void> script(std::string_view sql) = 0;
    virtual Dialect dialect() const = 0;

    // session.query_with("… where a = ? and b = ?", a, b)
    template <class... Args>
    Result<Rows> query_with(std::string_view sql, Args&&... args) {
        const std::vector<Value> params{to_value(std::forward<Args>(args))...};
        return query(sql, params);
    }
    template <class... Args>
    Result<std::int64_t> execute_with(std::string_view sql, Args&&... args) {
        const std::vector<Value> params{to_value(std::forward<Args>(args))...};
        return execute(sql, params);
    }
};

// The control plane's database.
// Threading:  call from any io thread; the closures run on database threads, never two on one
//             session.
// Durability: a successful write survives power loss.
// Errors:     what the closure answers; Unavailable when the database is down or overloaded. A
//             closure that answers an error is rolled back alone.
class Database {
public:
    virtual ~Database() = default;

    // `work` is Result<T>(Session&). read(): a snapshot, and no writing. write(): one transaction;
    // several may share a commit. A write may run more than once (serialisation conflicts), so it
    // changes nothing but the session. Name the lambda first, then await.
    template <class Work>
    async::Task<std::invoke_result_t<Work&, Session&>> read(Work work) {
        return run<Work>(std::move(work), Access::Read);
    }
    template <class Work>
    async::Task<std::invoke_result_t<Work&, Session&>> write(Work work) {
        return run<Work>(std::move(work), Access::Write);
    }

    // Whether the database answers now; for readiness.
    async::Task<Result<void>> ping() {
        Body body = [](Session& session) -> Result<void> {
            auto rows = session.query("select 1", {});
            if (!rows) return std::move(rows).error();
            return {};
        };
        return run_body(Access::Read, std::move(body));
    }

    virtual Dialect dialect() const = 0;

protected:
    enum class Access { Read, Write };
    // Runs `body` in a transaction; its value says whether to commit.
    using Body = std::function<Result<void>(Session&)>;
    virtual async::Task<Result<void>> run_body(Access access, Body body) = 0;

private:
    template <class Work>
    async::Task<std::invoke_result_t<Work&, Session&>> run(Work work, Access access) {
        using Answer = std::invoke_result_t<Work&, Session&>;
        auto answer = std::make_shared<std::optional<Answer>>();
        Body body = [answer, work = std::move(work)](Session& session) mutable -> Result<void> {
            answer->emplace(work(session));
            if (!answer->value()) return answer->value().error();
            return {};
        };
        return run_erased<Answer>(access, std::move(body), std::move(answer));
    }
    // The coroutine knows no type of a caller's lambda: g++ warns of frames that hold one.
    template <class Answer>
    async::Task<Answer> run_erased(Access access, Body body,
                                   std::shared_ptr<std::optional<Answer>> answer) {
        auto done = co_await run_body(access, std::move(body));
        if (!done) co_return std::move(done).error();
        co_return std::move(answer->value());
    }
};

}  // namespace zs::relational
