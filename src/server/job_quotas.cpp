#include "server/job_quotas.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "core/files/blob_store.hpp"

#include <sys/statvfs.h>

namespace zs::server {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// What takes a look at every artifact is done less often.
constexpr int kLooksPerQuota = 5;
constexpr int kLooksPerMetric = 30;

Result<std::uint64_t> free_bytes_blocking(const std::filesystem::path& path) {
    struct statvfs disk {};
    if (::statvfs(path.c_str(), &disk) != 0) return unavailable("the disk does not answer");
    return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

metrics::Gauge& artifact_bytes() {
    return metrics::gauge("zbrain_artifact_bytes", "Bytes of artifacts, of all jobs together");
}

}  // namespace

JobQuotas::JobQuotas(const Config& config, relational::Database& database,
                     async::BlockingPool& pool)
    : data_(config.server.data),
      reserve_bytes_(config.files.reserve_bytes),
      bytes_max_(config.jobs.stored_bytes_max),
      stored_(database),
      pool_(pool) {}

Result<void> JobQuotas::admit(const identity::Tenant& tenant) const {
    if (disk_full_) return files::storage_full();
    if (bytes_max_ == 0) return {};
    const std::lock_guard lock(mutex_);
    const auto found = bytes_.find(tenant);
    if (found == bytes_.end() || found->second.all() < bytes_max_) return {};
    return exhausted("artifacts and logs take " + std::to_string(found->second.all())
                         + " bytes, and at most " + std::to_string(bytes_max_)
                         + " are allowed; purge jobs, or wait until old ones are removed",
                     "quota_exceeded");
}

async::Task<> JobQuotas::measure() {
    co_await measure_disk();
    if (bytes_max_ > 0) co_await measure_stored();
}

async::Task<> JobQuotas::measure_disk() {
    auto look = [this] { return free_bytes_blocking(data_); };
    const auto free = co_await pool_.run(std::move(look));
    // A disk that does not answer is the business of the health check.
    if (free) disk_full_ = *free < reserve_bytes_;
}

async::Task<> JobQuotas::measure_stored() {
    auto bytes = co_await stored_.by_tenant();
    if (!bytes) co_return;
    const std::lock_guard lock(mutex_);
    bytes_ = std::move(*bytes);
}

async::Task<> JobQuotas::run() {
    for (int looks = 0;; ++looks) {
        if (looks % kLooksPerMetric == 0) {
            const auto bytes = co_await stored_.artifacts();
            if (bytes) artifact_bytes().set(static_cast<double>(*bytes));
        }
        co_await async::sleep_for(kLookEvery);
        co_await measure_disk();
        if (bytes_max_ > 0 && looks % kLooksPerQuota == 0) co_await measure_stored();
    }
}

}  // namespace zs::server
