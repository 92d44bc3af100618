#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "core/data/collection_service.hpp"
#include "core/data/sql_service.hpp"

namespace zs::http {

// /v1/collections/{name}/documents and /export.
// Source: docs/collections.md. Lifetime: the services outlive it, it outlives the router.
class DocumentRoutes {
public:
    DocumentRoutes(data::CollectionService& collections, data::SqlService& sql, SqlAnswers& answers)
        : collections_(collections), sql_(sql), answers_(answers) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> put(Request& request);
    async::Task<Result<Response>> merge(Request& request);
    async::Task<Result<Response>> remove(Request& request);
    async::Task<Result<Response>> export_all(Request& request);
    async::Task<Result<Response>> export_csv(Request& request);

    data::CollectionService& collections_;
    data::SqlService& sql_;
    SqlAnswers& answers_;
};

}  // namespace zs::http
