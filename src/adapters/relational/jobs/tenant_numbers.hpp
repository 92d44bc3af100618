#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/principal.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace zs::relational {

// Tenants as the rows of jobs name them: by number. Numbers are never used again, so what is known
// stays true until the organization is deleted.
// Lifetime: the database outlives it. Threading: any.
class TenantNumbers {
public:
    explicit TenantNumbers(Database& database) : database_(database) {}

    // Draws numbers for those that have none. Errors: NotFound when the organization is gone.
    async::Task<Result<std::vector<std::int64_t>>> draw(std::vector<identity::Tenant> tenants);
    // Absent when no job of the tenant was ever added.
    Result<std::optional<std::int64_t>> number_of(Session& session,
                                                  const identity::Tenant& tenant) const;
    // Errors: NotFound when the organization is gone.
    Result<identity::Tenant> tenant_of(Session& session, std::int64_t number) const;
    // After a number turned out to be gone.
    void forget() const;

private:
    std::optional<std::int64_t> known(const identity::Tenant& tenant) const;
    void learn(const identity::Tenant& tenant, std::int64_t number) const;

    Database& database_;
    mutable std::shared_mutex mutex_;
    mutable std::map<identity::Tenant, std::int64_t> numbers_;
    mutable std::map<std::int64_t, identity::Tenant> tenants_;
};

}  // namespace zs::relational
