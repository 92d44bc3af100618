#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "core/data/transaction_service.hpp"

namespace zs::http {

// /v1/transactions. Source: http-api.md section 5.
// Lifetime: the services outlive it, it outlives the router.
class TransactionRoutes {
public:
    TransactionRoutes(data::TransactionService& transactions, const data::SqlLimits& limits,
                      SqlAnswers& answers, Idempotency& idempotency)
        : transactions_(transactions),
          limits_(limits),
          answers_(answers),
          idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> begin(Request& request);
    async::Task<Result<Response>> execute(Request& request);
    async::Task<Result<Response>> commit(Request& request);
    async::Task<Result<Response>> rollback(Request& request);
    Result<Response> status(const Request& request);
    Result<Response> list(const Request& request);

    data::TransactionService& transactions_;
    const data::SqlLimits limits_;
    SqlAnswers& answers_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
