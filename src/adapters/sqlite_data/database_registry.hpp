#pragma once

#include "adapters/sqlite_data/tenant_database.hpp"
#include "async/blocking_pool.hpp"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace zs::sqlite_data {

// The part of a file name that stands for a tenant's name: [a-z0-9_-] as they are, the rest as %XX,
// long names by their hash. Different names give different parts, and none leaves its folder.
std::string file_name_part(std::string_view name);

// The open databases, opened on demand. When there are too many, the one unused for the longest
// time is closed.
// Threading: any.
class DatabaseRegistry {
public:
    using Database = std::shared_ptr<TenantDatabase>;

    DatabaseRegistry(SqliteDataOptions options, async::BlockingPool& pool,
                     std::shared_ptr<ChangeHub> hub);

    // Errors: Unavailable "too_many_databases" when every open one is in use.
    async::Task<Result<Database>> get(identity::Tenant tenant);
    // Null when it is not open.
    Database find(const identity::Tenant& tenant);
    std::size_t open_count() const;
    // Whether the tenant has a database; makes none.
    bool exists_blocking(const identity::Tenant& tenant) const;

private:
    struct Entry {
        Database database;
        std::list<identity::Tenant>::iterator place;
    };
    Result<Database> open_blocking(const identity::Tenant& tenant);
    Result<Database> make_room();

    SqliteDataOptions options_;
    async::BlockingPool& pool_;
    std::shared_ptr<ChangeHub> hub_;
    std::mutex opening_;  // one at a time; taken on pool threads only
    mutable std::mutex mutex_;
    std::map<identity::Tenant, Entry> entries_;
    std::list<identity::Tenant> by_use_;  // the most recent first
};

}  // namespace zs::sqlite_data
