#pragma once

#include "core/data/change_events.hpp"
#include "core/data/collection_store.hpp"
#include "core/events/event_bus.hpp"
#include "core/identity/permission_service.hpp"

#include <chrono>
#include <memory>

namespace zs::server {

// A collection store that tells what happens to collections, on the topic collections/<name>, and
// that remembers which tables are collections, so that the changes of their rows are told there.
// Threading: any. Lifetime: store and bus outlive it.
class WatchedCollections final : public data::CollectionStore {
public:
    WatchedCollections(data::CollectionStore& store, events::EventBus& bus);

    async::Task<Result<std::vector<data::Collection>>> list(identity::Tenant tenant) override;
    async::Task<Result<data::Collection>> find(identity::Tenant tenant, std::string name,
                                               data::Counting counting) override;
    async::Task<Result<data::CreatedCollection>> create(identity::Tenant tenant,
                                                        data::Collection collection) override;
    async::Task<Result<void>> drop(identity::Tenant tenant, std::string name) override;
    async::Task<Result<data::ProjectedCollection>> project(
        identity::Tenant tenant, std::string name,
        std::optional<data::Projection> projection) override;

    // Knows every collection that was listed, found or made here: whoever listens to one, or to
    // all, had it looked up.
    data::ChangeEvents::IsCollection is_collection() const;

private:
    class Known;
    void tell(const identity::Tenant& tenant, const std::string& name, std::string_view type);

    data::CollectionStore& store_;
    events::EventBus& bus_;
    std::shared_ptr<Known> known_;
};

// Changes of rows, while somebody listens; close() it before the feed goes.
std::shared_ptr<data::ChangeEvents> publish_changes(data::ChangeFeed& feed, events::EventBus& bus,
                                                    const Clock& clock,
                                                    const WatchedCollections& collections,
                                                    Millis kept_for);

// Every change of a permission record, on the topic `permissions` of each environment of its org.
void publish_permission_changes(identity::PermissionService& permissions, events::EventBus& bus);

// What `system` says when the server stops.
events::NewEvent shutdown_notice(std::chrono::seconds in);

}  // namespace zs::server
