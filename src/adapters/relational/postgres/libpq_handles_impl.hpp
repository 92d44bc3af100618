#pragma once

#include <libpq-fe.h>

#include <memory>

// libpq's objects, owned. Only for sources of this folder: it brings libpq's header along.
namespace zs::relational::postgres {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

struct FreeConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, FreeConnection>;

}  // namespace zs::relational::postgres
