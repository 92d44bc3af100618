#include "server/health_monitor.hpp"

#include "async/sleep.hpp"

#include <algorithm>
#include <sys/statvfs.h>
#include <utility>

namespace zs::server {
namespace {

using http::CheckState;

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::seconds kLookIsOldAfter{2};
// Below this a write-ahead log may not be able to grow by one large commit.
constexpr std::uint64_t kDiskBytesLow = 256ULL << 20;
constexpr std::uint64_t kDiskBytesNone = 32ULL << 20;

Result<CheckState> look_at_disk_blocking(const std::filesystem::path& path) {
    struct statvfs disk {};
    if (::statvfs(path.c_str(), &disk) != 0) return unavailable("the disk does not answer");
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    if (free < kDiskBytesNone) return CheckState::Unhealthy;
    return free < kDiskBytesLow ? CheckState::Degraded : CheckState::Healthy;
}

bool is_crowded(async::BlockingPool* pool) {
    return pool->queued() * 10 > pool->queue_max() * 9;
}

}  // namespace

HealthMonitor::HealthMonitor(relational::Database& database, std::filesystem::path data,
                             std::vector<async::BlockingPool*> pools)
    : database_(database), data_(std::move(data)), pools_(std::move(pools)) {}

async::Task<> HealthMonitor::run() {
    while (true) {
        co_await look();
        co_await async::sleep_for(kLookEvery);
    }
}

async::Task<> HealthMonitor::look() {
    auto ask = [](relational::Session& session) -> Result<void> {
        auto rows = session.query("SELECT 1", {});
        if (!rows) return std::move(rows).error();
        return {};
    };
    const auto answer = co_await database_.read(std::move(ask));
    auto measure = [this] { return look_at_disk_blocking(data_); };
    const auto disk = co_await pools_.front()->run(std::move(measure));
    http::HealthSnapshot found;
    found.database = answer ? CheckState::Healthy : CheckState::Unhealthy;
    found.disk = disk.has_value() ? *disk : CheckState::Unhealthy;
    if (std::any_of(pools_.begin(), pools_.end(), is_crowded)) found.server = CheckState::Degraded;
    const std::lock_guard lock(mutex_);
    latest_ = found;
    looked_at_ = std::chrono::steady_clock::now();
}

async::Task<http::HealthSnapshot> HealthMonitor::check() {
    http::HealthSnapshot answer;
    {
        const std::lock_guard lock(mutex_);
        answer = latest_;
        const auto age = std::chrono::steady_clock::now() - looked_at_;
        if (age > kLookIsOldAfter) answer.database = CheckState::Unhealthy;
    }
    answer.websocket = CheckState::Healthy;
    if (stopping_) answer.server = answer.websocket = CheckState::Degraded;
    co_return answer;
}

}  // namespace zs::server
