#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

// The append-only chain. Other stores append to it within their own transactions.
// Threading: call from any io thread. Durability: success survives power loss. Errors: Unavailable.
class AuditStore {
public:
    virtual ~AuditStore() = default;
    virtual async::Task<Result<void>> append(AuditEntry entry) = 0;
    // Newest first, of one org, before `before`.
    virtual async::Task<Result<std::vector<AuditRecord>>> list(std::string org_id,
                                                               AuditFilter filter,
                                                               std::optional<std::int64_t> before,
                                                               int limit) = 0;
    // Oldest first, of every org, behind `after`: for checking the chain.
    virtual async::Task<Result<std::vector<AuditRecord>>> read_chain(std::int64_t after,
                                                                     int limit) = 0;
};

}  // namespace zs::identity
