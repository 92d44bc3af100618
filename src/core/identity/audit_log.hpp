#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/audit_store.hpp"
#include "core/identity/page.hpp"

namespace zs::identity {

// The audit log as the rest of the server uses it: append what is not a change of an identity
// (those are written with the change itself), and show it to administrators.
class AuditLog {
public:
    explicit AuditLog(AuditStore& store) : store_(store) {}

    // Logs a failure to append and goes on: the action has already happened.
    async::Task<> append(AuditEntry entry);
    // GET /v1/audit. Newest first. Errors: Forbidden unless the caller has role admin.
    async::Task<Result<Page<AuditRecord>>> list(PrincipalPtr caller, AuditFilter filter,
                                                PageRequest page);
    // Reads the whole chain. Errors: DataLoss naming the first row that was changed or removed.
    async::Task<Result<std::int64_t>> verify();

private:
    AuditStore& store_;
};

}  // namespace zs::identity
