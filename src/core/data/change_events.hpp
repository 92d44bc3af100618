#pragma once

#include "core/data/change_capture.hpp"
#include "core/events/event_bus.hpp"
#include "core/events/limits.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace zs::data {

// Makes events of what commits changed: one `change` event per table and operation, on the topic
// tables/<name> (and collections/<name> for the table of a collection), with
//   operation  insert, update or delete
//   count      how many rows
//   rows       the first kEventRowsMax of them: row_id, and old and new values in column order
//              (as the row format "arrays"; blobs as {"base64"}), while they are small enough
//   truncated  whether `rows` leaves some out
// A commit too large to be captured gives a `change` with operation "unknown": read the table. It
// is of each table that may have changed, or of tables/* when that is not known.
// A definition gives `created`, `altered` or `deleted` on tables/<name>. Rows that changed in the
// same commit are "unknown".
// Whoever may listen to a topic may read the table, so the values tell nobody anything new.
//
// It subscribes to the feed only while somebody listens, and a while longer: capture costs.
// Threading: any.
class ChangeEvents final : public ChangeSubscriber,
                           public events::InterestListener,
                           public std::enable_shared_from_this<ChangeEvents> {
public:
    static constexpr std::size_t kEventRowsMax = 100;
    static constexpr std::size_t kEventBytesMax = 64 * 1024;

    // Whether a table is the one of a collection; called on the writer's thread.
    using IsCollection = std::function<bool(const identity::Tenant&, std::string_view table)>;

    // `kept_for`: how long the bus keeps events, so how long after its last listener a tenant's
    // changes are still made into events.
    ChangeEvents(ChangeFeed& feed, events::EventBus& bus, const Clock& clock,
                 IsCollection is_collection, Millis kept_for = events::limits::kKeptFor);

    void on_interest(const identity::Tenant& tenant, events::TopicFamily family, bool any) override;
    void on_commit(const std::shared_ptr<const ChangeSet>& changes) override;

    bool is_attached() const;
    // Leaves the feed, for good.
    void close();

private:
    struct Interest {
        bool tables = false;
        bool collections = false;
        std::optional<Timestamp> ended_at;
    };
    // What is to be published of this commit; also leaves the feed when nobody listened for long.
    Interest wanted_by(const identity::Tenant& tenant);
    void publish(const ChangeSet& changes, std::string_view table, ChangeOperation operation,
                 const Interest& wanted);
    void publish_too_large(const ChangeSet& changes, const Interest& wanted);
    void publish_unknown(const identity::Tenant& tenant, std::string_view table,
                         const Interest& wanted);

    ChangeFeed& feed_;
    events::EventBus& bus_;
    const Clock& clock_;
    IsCollection is_collection_;
    const Millis kept_for_;
    mutable std::mutex mutex_;
    std::map<identity::Tenant, Interest> interests_;
    bool attached_ = false;
    bool closed_ = false;
};

}  // namespace zs::data
