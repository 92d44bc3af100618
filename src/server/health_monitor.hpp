#pragma once

#include "adapters/http/routes/health_checks.hpp"
#include "adapters/relational/database.hpp"
#include "async/blocking_pool.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <vector>

namespace zs::server {

// Looks at the database, the disk and the pools twice a second, so that a probe costs nothing and
// cannot be used to load the parts it asks about. A look that hangs is itself a finding.
// Threading: any. Lifetime: what it watches outlives it; cancel run() first.
class HealthMonitor final : public http::HealthChecks {
public:
    // `pools.front()` also runs the look at the disk.
    HealthMonitor(relational::Database& database, std::filesystem::path data,
                  std::vector<async::BlockingPool*> pools);

    // Looks until its task group is cancelled.
    async::Task<> run();
    // The server goes down: not ready any more.
    void stopping() { stopping_ = true; }
    async::Task<http::HealthSnapshot> check() override;

private:
    async::Task<> look();

    relational::Database& database_;
    const std::filesystem::path data_;
    const std::vector<async::BlockingPool*> pools_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    http::HealthSnapshot latest_;
    std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
};

}  // namespace zs::server
