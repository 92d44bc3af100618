#include "core/data/change_events.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace zs::data {
namespace {

using events::Topic;
using events::TopicFamily;

// So that who comes back at the last moment still finds the feed attached.
constexpr std::chrono::seconds kLeavingLate{60};
constexpr std::int64_t kExactInteger = (std::int64_t{1} << 53) - 1;

std::string_view text_of(ChangeOperation operation) {
    switch (operation) {
        case ChangeOperation::Insert: return "insert";
        case ChangeOperation::Update: return "update";
        case ChangeOperation::Delete: return "delete";
    }
    return "unknown";
}

boost::json::value to_json(const SqlValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        if (*integer > kExactInteger || *integer < -kExactInteger)
            return json_text(std::to_string(*integer));
        return *integer;
    }
    if (const auto* real = std::get_if<double>(&value)) {
        std::string number;
        append_json_number(number, *real);
        // Infinity and NaN become text, quotes and all.
        if (number.front() == '"')
            return json_text(std::string_view(number).substr(1, number.size() - 2));
        return *real;
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        if (is_utf8(*text)) return json_text(*text);
        return boost::json::object{{"base64", json_text(to_base64(*text))}};
    }
    if (const auto* blob = std::get_if<Blob>(&value))
        return boost::json::object{{"base64", json_text(to_base64(blob->bytes))}};
    return nullptr;
}

std::size_t size_of(const std::vector<SqlValue>& values) {
    std::size_t bytes = 0;
    for (const auto& value : values) {
        bytes += 8;
        if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
        if (const auto* blob = std::get_if<Blob>(&value)) bytes += blob->bytes.size();
    }
    return bytes;
}

boost::json::array to_json(const std::vector<SqlValue>& values) {
    boost::json::array array;
    for (const auto& value : values)
        array.push_back(to_json(value));
    return array;
}

boost::json::object to_json(const RowChange& change) {
    boost::json::object row;
    row["row_id"] =
        change.operation == ChangeOperation::Delete ? change.row_id_before : change.row_id_after;
    if (change.operation != ChangeOperation::Insert) row["old"] = to_json(change.old_values);
    if (change.operation != ChangeOperation::Delete) row["new"] = to_json(change.new_values);
    return row;
}

events::NewEvent change_event(TopicFamily family, std::string_view name, std::string_view operation,
                              boost::json::object data) {
    events::NewEvent event;
    event.topic = Topic{family, std::string(name)};
    event.type = "change";
    event.message = std::string(operation) + " in " + event.topic.text();
    event.data = std::move(data);
    return event;
}

std::string_view text_of(DefinitionChange change) {
    switch (change) {
        case DefinitionChange::Created: return "created";
        case DefinitionChange::Altered: return "altered";
        case DefinitionChange::Deleted: return "deleted";
    }
    return "altered";
}

events::NewEvent definition_event(const ChangedDefinition& changed) {
    events::NewEvent event;
    event.topic = Topic{TopicFamily::Tables, changed.table};
    event.type = text_of(changed.change);
    event.message = event.topic.text() + " " + event.type;
    return event;
}

}  // namespace

ChangeEvents::ChangeEvents(ChangeFeed& feed, events::EventBus& bus, const Clock& clock,
                           IsCollection is_collection, Millis kept_for)
    : feed_(feed),
      bus_(bus),
      clock_(clock),
      is_collection_(std::move(is_collection)),
      kept_for_(kept_for) {}

void ChangeEvents::on_interest(const identity::Tenant& tenant, TopicFamily family, bool any) {
    if (!events::is_made_on_demand(family)) return;
    const std::lock_guard lock(mutex_);
    auto& interest = interests_[tenant];
    (family == TopicFamily::Tables ? interest.tables : interest.collections) = any;
    interest.ended_at.reset();
    if (!any) interest.ended_at = clock_.now();
    if (!any || attached_ || closed_) return;
    attached_ = true;
    feed_.subscribe(shared_from_this());
}

ChangeEvents::Interest ChangeEvents::wanted_by(const identity::Tenant& tenant) {
    const std::lock_guard lock(mutex_);
    const auto gone_before = clock_.now() - kept_for_ - kLeavingLate;
    std::erase_if(interests_, [gone_before](const auto& each) {
        const Interest& interest = each.second;
        return !interest.tables && !interest.collections && interest.ended_at
               && *interest.ended_at < gone_before;
    });
    if (interests_.empty() && attached_) {
        attached_ = false;
        feed_.unsubscribe(shared_from_this());
    }
    const auto found = interests_.find(tenant);
    if (found == interests_.end()) return {};
    // Both, while one of them may be resumed.
    auto wanted = found->second;
    if (wanted.ended_at) wanted.tables = wanted.collections = true;
    return wanted;
}

void ChangeEvents::on_commit(const std::shared_ptr<const ChangeSet>& changes) {
    const auto wanted = wanted_by(changes->tenant);
    if (!wanted.tables && !wanted.collections) return;
    if (changes->too_large) return publish_too_large(*changes, wanted);
    // One event for each table and operation, in the order of their first rows.
    std::vector<std::pair<std::string_view, ChangeOperation>> groups;
    for (const auto& change : changes->changes) {
        const std::pair group{std::string_view(change.table), change.operation};
        if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
    }
    for (const auto& [table, operation] : groups)
        publish(*changes, table, operation, wanted);
}

void ChangeEvents::publish(const ChangeSet& changes, std::string_view table,
                           ChangeOperation operation, const Interest& wanted) {
    boost::json::array rows;
    std::size_t bytes = 0;
    std::int64_t count = 0;
    for (const auto& change : changes.changes) {
        if (change.table != table || change.operation != operation) continue;
        ++count;
        bytes += size_of(change.old_values) + size_of(change.new_values);
        if (rows.size() < kEventRowsMax && bytes <= kEventBytesMax) rows.push_back(to_json(change));
    }
    boost::json::object data;
    data["operation"] = json_text(text_of(operation));
    data["count"] = count;
    data["truncated"] = rows.size() < static_cast<std::size_t>(count);
    data["rows"] = std::move(rows);
    const bool in_collection =
        wanted.collections && is_collection_ && is_collection_(changes.tenant, table);
    if (in_collection) {
        bus_.publish(changes.tenant,
                     change_event(TopicFamily::Collections, table, text_of(operation), data));
    }
    if (wanted.tables) {
        bus_.publish(changes.tenant,
                     change_event(TopicFamily::Tables, table, text_of(operation), std::move(data)));
    }
}

void ChangeEvents::publish_too_large(const ChangeSet& changes, const Interest& wanted) {
    // Collections tell of themselves.
    for (const auto& changed : changes.definitions) {
        if (wanted.tables) bus_.publish(changes.tenant, definition_event(changed));
    }
    if (!changes.tables) return publish_unknown(changes.tenant, Topic::kEveryName, wanted);
    for (const auto& table : *changes.tables) {
        const auto is_it = [&](const auto& changed) { return changed.table == table; };
        if (std::ranges::none_of(changes.definitions, is_it))
            publish_unknown(changes.tenant, table, wanted);
    }
}

void ChangeEvents::publish_unknown(const identity::Tenant& tenant, std::string_view table,
                                   const Interest& wanted) {
    const auto tell = [&](TopicFamily family) {
        boost::json::object data;
        data["operation"] = "unknown";
        data["truncated"] = true;
        bus_.publish(tenant, change_event(family, table, "something changed", data));
    };
    const bool is_any = table == Topic::kEveryName;
    const bool in_collection = is_any || (is_collection_ && is_collection_(tenant, table));
    if (wanted.collections && in_collection) tell(TopicFamily::Collections);
    if (wanted.tables) tell(TopicFamily::Tables);
}

bool ChangeEvents::is_attached() const {
    const std::lock_guard lock(mutex_);
    return attached_;
}

void ChangeEvents::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (!std::exchange(attached_, false)) return;
    feed_.unsubscribe(shared_from_this());
}

}  // namespace zs::data
