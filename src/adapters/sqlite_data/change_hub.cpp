#include "adapters/sqlite_data/change_hub.hpp"

namespace zs::sqlite_data {

void ChangeHub::subscribe(std::shared_ptr<data::ChangeSubscriber> subscriber) {
    const std::lock_guard lock(mutex_);
    subscribers_.push_back(std::move(subscriber));
    count_ = subscribers_.size();
}

void ChangeHub::unsubscribe(const std::shared_ptr<data::ChangeSubscriber>& subscriber) {
    const std::lock_guard lock(mutex_);
    std::erase(subscribers_, subscriber);
    count_ = subscribers_.size();
}

void ChangeHub::publish(const identity::Tenant& tenant, data::ChangeSet changes) {
    if (changes.changes.empty() && !changes.too_large) return;
    std::vector<std::shared_ptr<data::ChangeSubscriber>> subscribers;
    changes.tenant = tenant;
    {
        const std::lock_guard lock(mutex_);
        changes.sequence = ++sequences_[tenant];
        subscribers = subscribers_;
    }
    const auto shared = std::make_shared<const data::ChangeSet>(std::move(changes));
    for (const auto& subscriber : subscribers)
        subscriber->on_commit(shared);
}

}  // namespace zs::sqlite_data
