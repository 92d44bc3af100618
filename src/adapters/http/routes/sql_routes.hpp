#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "core/data/sql_service.hpp"

namespace zs::http {

// POST /v1/sql. Which rights a statement needs is found out by the engine while it compiles it.
// Source: http-api.md section 4. Lifetime: the services outlive it, it outlives the router.
class SqlRoutes {
public:
    SqlRoutes(data::SqlService& sql, SqlAnswers& answers, Idempotency& idempotency)
        : sql_(sql), answers_(answers), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> execute(Request& request);

    data::SqlService& sql_;
    SqlAnswers& answers_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
