#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "core/data/sql_service.hpp"

namespace zs::http {

// What tables there are: /v1/tables. A caller sees the tables it may read, by the right on all of
// them or by a record for one.
// Source: http-api.md section 4. Lifetime: the services outlive it, it outlives the router.
class TableRoutes {
public:
    TableRoutes(data::SqlService& sql, SqlAnswers& answers) : sql_(sql), answers_(answers) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> sample(Request& request);

    data::SqlService& sql_;
    SqlAnswers& answers_;
};

}  // namespace zs::http
