#pragma once

#include "adapters/relational/jobs/stored_bytes.hpp"
#include "async/blocking_pool.hpp"
#include "server/config.hpp"

#include <atomic>
#include <map>
#include <mutex>

namespace zs::server {

// Whether a tenant may submit: the disk has room, and its jobs have not stored too much. What was
// measured is at most some seconds old: a quota is a brake, and not exact.
// Source: jobs.md section 9. Lifetime: database and pool outlive it. Threading: any.
class JobQuotas {
public:
    JobQuotas(const Config& config, relational::Database& database, async::BlockingPool& pool);

    // Does not wait. Errors: Exhausted "storage_full", "quota_exceeded".
    Result<void> admit(const identity::Tenant& tenant) const;
    // Measures now.
    async::Task<> measure();
    // Measures again and again, and shows what artifacts take.
    async::Task<> run();

private:
    async::Task<> measure_disk();
    async::Task<> measure_stored();

    const std::filesystem::path data_;
    const std::uint64_t reserve_bytes_;
    const std::uint64_t bytes_max_;
    relational::SqlStoredBytes stored_;
    async::BlockingPool& pool_;
    std::atomic<bool> disk_full_{false};
    mutable std::mutex mutex_;
    std::map<identity::Tenant, relational::StoredBytes> bytes_;
};

}  // namespace zs::server
