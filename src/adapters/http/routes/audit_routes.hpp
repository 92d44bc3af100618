#pragma once

#include "adapters/http/router.hpp"
#include "core/identity/audit_log.hpp"

namespace zs::http {

// GET /v1/audit: the audit log, newest first, for role admin.
// Lifetime: the service outlives it, it outlives the router.
class AuditRoutes {
public:
    explicit AuditRoutes(identity::AuditLog& audit) : audit_(audit) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);

    identity::AuditLog& audit_;
};

}  // namespace zs::http
