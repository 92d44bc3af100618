#pragma once

#include "core/data/change_capture.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace zs::sqlite_data {

// Numbers the change sets of each tenant and hands them to the subscribers. Whoever publishes holds
// the database's write lock, so the order is that of the commits.
// Threading: any.
class ChangeHub {
public:
    bool has_subscribers() const { return count_.load(std::memory_order_relaxed) > 0; }
    void subscribe(std::shared_ptr<data::ChangeSubscriber> subscriber);
    void unsubscribe(const std::shared_ptr<data::ChangeSubscriber>& subscriber);
    // Says nothing about a commit that changed no row.
    void publish(const identity::Tenant& tenant, data::ChangeSet changes);

private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<data::ChangeSubscriber>> subscribers_;
    std::map<identity::Tenant, std::uint64_t> sequences_;
    std::atomic<std::size_t> count_{0};
};

}  // namespace zs::sqlite_data
