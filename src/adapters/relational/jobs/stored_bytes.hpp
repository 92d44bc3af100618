#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/principal.hpp"

#include <cstdint>
#include <map>

namespace zs::relational {

// What jobs of a tenant keep in stores: artifacts, counted for each job that has them, and lines of
// logs before compression.
struct StoredBytes {
    std::uint64_t artifacts = 0;
    std::uint64_t logs = 0;
    std::uint64_t all() const { return artifacts + logs; }
};

// Adds up what jobs have stored. It reads a row for each artifact and each attempt with a log.
// Lifetime: the database outlives it. Errors: as Database.
class SqlStoredBytes {
public:
    explicit SqlStoredBytes(Database& database) : database_(database) {}
    async::Task<Result<std::map<identity::Tenant, StoredBytes>>> by_tenant();
    // Of all tenants.
    async::Task<Result<std::uint64_t>> artifacts();

private:
    Database& database_;
};

}  // namespace zs::relational
