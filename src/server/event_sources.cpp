#include "server/event_sources.hpp"

#include "base/encoding.hpp"
#include "base/json_codec.hpp"

#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace zs::server {
namespace {

// Every org has these two. Source: http-api.md section 1.3.
constexpr std::string_view kEnvironments[] = {"live", "sandbox"};

std::string_view type_of(identity::PermissionChange::Kind kind) {
    switch (kind) {
        case identity::PermissionChange::Kind::Created: return "created";
        case identity::PermissionChange::Kind::Updated: return "updated";
        case identity::PermissionChange::Kind::Deleted: return "deleted";
    }
    return "updated";
}

events::NewEvent permission_event(const identity::PermissionChange& change) {
    const auto& record = change.record;
    events::NewEvent event;
    event.topic.family = events::TopicFamily::Permissions;
    event.type = type_of(change.kind);
    event.message = "permission of " + std::string(to_text(record.principal.kind)) + " "
                    + record.principal.id + " on " + to_text(record.resource) + " " + event.type;
    event.data["record"] = encode_json(view_of(record));
    return event;
}

}  // namespace

// SQL compares names without case.
class WatchedCollections::Known {
public:
    void add(const identity::Tenant& tenant, std::string_view name) {
        const std::lock_guard lock(mutex_);
        names_[tenant].insert(to_lower(name));
    }
    void remove(const identity::Tenant& tenant, std::string_view name) {
        const std::lock_guard lock(mutex_);
        names_[tenant].erase(to_lower(name));
    }
    void replace(const identity::Tenant& tenant, std::set<std::string> names) {
        const std::lock_guard lock(mutex_);
        names_[tenant] = std::move(names);
    }
    bool contains(const identity::Tenant& tenant, std::string_view name) {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(tenant);
        return found != names_.end() && found->second.contains(to_lower(name));
    }

private:
    std::mutex mutex_;
    std::map<identity::Tenant, std::set<std::string>> names_;
};

WatchedCollections::WatchedCollections(data::CollectionStore& store, events::EventBus& bus)
    : store_(store), bus_(bus), known_(std::make_shared<Known>()) {}

data::ChangeEvents::IsCollection WatchedCollections::is_collection() const {
    return [known = known_](const identity::Tenant& tenant, std::string_view table) {
        return known->contains(tenant, table);
    };
}

void WatchedCollections::tell(const identity::Tenant& tenant, const std::string& name,
                              std::string_view type) {
    events::NewEvent event;
    event.topic = events::Topic{events::TopicFamily::Collections, name};
    event.type = type;
    event.message = "collection " + name + ": " + std::string(type);
    bus_.publish(tenant, std::move(event));
}

async::Task<Result<std::vector<data::Collection>>> WatchedCollections::list(
    identity::Tenant tenant) {
    auto listed = co_await store_.list(tenant);
    if (!listed) co_return listed;
    std::set<std::string> names;
    for (const auto& each : *listed)
        names.insert(to_lower(each.name));
    known_->replace(tenant, std::move(names));
    co_return listed;
}

async::Task<Result<data::Collection>> WatchedCollections::find(identity::Tenant tenant,
                                                               std::string name,
                                                               data::Counting counting) {
    auto found = co_await store_.find(tenant, name, counting);
    if (found) {
        known_->add(tenant, name);
    } else if (found.error().code == ErrorCode::NotFound) {
        known_->remove(tenant, name);
    }
    co_return found;
}

async::Task<Result<data::CreatedCollection>> WatchedCollections::create(
    identity::Tenant tenant, data::Collection collection) {
    const std::string name = collection.name;
    auto made = co_await store_.create(tenant, std::move(collection));
    if (!made) co_return made;
    known_->add(tenant, name);
    if (!made->existed) tell(tenant, name, "created");
    co_return made;
}

async::Task<Result<void>> WatchedCollections::drop(identity::Tenant tenant, std::string name) {
    auto dropped = co_await store_.drop(tenant, name);
    if (!dropped) co_return dropped;
    known_->remove(tenant, name);
    tell(tenant, name, "deleted");
    co_return dropped;
}

async::Task<Result<data::ProjectedCollection>> WatchedCollections::project(
    identity::Tenant tenant, std::string name, std::optional<data::Projection> projection) {
    auto projected = co_await store_.project(tenant, name, std::move(projection));
    if (projected) tell(tenant, name, "projection");
    co_return projected;
}

std::shared_ptr<data::ChangeEvents> publish_changes(data::ChangeFeed& feed, events::EventBus& bus,
                                                    const Clock& clock,
                                                    const WatchedCollections& collections,
                                                    Millis kept_for) {
    auto changes = std::make_shared<data::ChangeEvents>(feed, bus, clock,
                                                        collections.is_collection(), kept_for);
    bus.set_interest_listener(changes);
    return changes;
}

events::NewEvent shutdown_notice(std::chrono::seconds in) {
    events::NewEvent event;
    event.topic.family = events::TopicFamily::System;
    event.type = "shutdown";
    event.level = events::Level::Warning;
    event.message = "the server stops";
    event.data["in_secs"] = in.count();
    return event;
}

void publish_permission_changes(identity::PermissionService& permissions, events::EventBus& bus) {
    permissions.on_changed([&bus](const identity::PermissionChange& change) {
        for (const auto environment : kEnvironments) {
            const identity::Tenant tenant{change.record.org_id, std::string(environment)};
            bus.publish(tenant, permission_event(change));
        }
    });
}

}  // namespace zs::server
