#include "core/events/client_feed.hpp"

#include "core/events/fanout.hpp"
#include "core/events/limits.hpp"

#include <algorithm>
#include <utility>

namespace zs::events {
namespace {

bool same_topic(const TopicFilter& a, const TopicFilter& b) {
    return a.family == b.family && a.wildcard == b.wildcard && a.name == b.name;
}

}  // namespace

ClientFeed::ClientFeed(FanoutLoop& loop, FeedClient& client, const Outbox::Limits& limits)
    : loop_(loop), client_(client), outbox_(limits) {}

ClientFeed::~ClientFeed() {
    leave();
}

void ClientFeed::leave() {
    if (left_) return;
    left_ = true;
    for (const auto& entry : entries_)
        loop_.remove_route(*this, entry.filter);
    entries_.clear();
    loop_.part(*this);
}

void ClientFeed::set_access(FeedAccess access) {
    auto principal = std::move(access.principal);
    access.principal = access_.principal;
    access_ = std::move(access);
    set_principal(std::move(principal));
}

void ClientFeed::set_principal(identity::PrincipalPtr principal) {
    access_.principal = std::move(principal);
    const auto& rights = *access_.principal->rights;
    for (std::size_t i = entries_.size(); i > 0 && !left_; --i) {
        if (check_may_listen(entries_[i - 1].filter, rights)) continue;
        const auto filter = entries_[i - 1].filter;
        unsubscribe(filter);
        client_.on_subscription_lost(filter);
    }
}

const ClientFeed::Entry* ClientFeed::find(const TopicFilter& filter) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return same_topic(entry.filter, filter);
    });
    return found == entries_.end() ? nullptr : &*found;
}

// What everybody has got so far is behind them, before one of them goes back.
void ClientFeed::settle() {
    const auto got = catching_up_ ? cursor_ : loop_.position(access_.principal->tenant);
    for (auto& entry : entries_)
        entry.after = std::max(entry.after, got);
}

void ClientFeed::begin_catching_up() {
    catching_up_ = !entries_.empty();
    if (!catching_up_) return;
    cursor_ =
        std::min_element(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
            return a.after < b.after;
        })->after;
}

ClientFeed::Subscribed ClientFeed::subscribe(std::vector<TopicFilter> filters,
                                             std::optional<std::uint64_t> after) {
    Subscribed answer;
    // First the way to here, then the question where the bus stands: what is published in between
    // is behind `seq` and is left out when it arrives.
    for (const auto& filter : filters) {
        if (find(filter) != nullptr) continue;
        loop_.add_route(*this, filter);
        entries_.push_back({filter, 0});
    }
    answer.seq = loop_.bus().last_seq(access_.principal->tenant);
    if (after) after = std::min(*after, answer.seq);
    outbox_.start_from(after.value_or(answer.seq));
    const auto forgotten = after ? count_replayed(filters, *after, answer) : 0;
    if (after) settle();
    for (auto& filter : filters) {
        auto& entry = const_cast<Entry&>(*find(filter));
        if (after) {
            entry.after = *after;
        } else if (entry.after == 0) {
            entry.after = answer.seq;  // one that was there goes on where it is
        }
        entry.filter = std::move(filter);
    }
    if (!after) return answer;
    begin_catching_up();
    // The answer tells about what is gone already.
    cursor_ = std::max(cursor_, forgotten);
    return answer;
}

std::uint64_t ClientFeed::count_replayed(const std::vector<TopicFilter>& wanted,
                                         std::uint64_t after, Subscribed& answer) const {
    ReplayRequest request;
    request.filters = wanted;
    request.after = after;
    request.until = answer.seq;
    std::optional<std::uint64_t> forgotten;
    while (true) {
        const auto replay = loop_.bus().read(access_.principal->tenant, request);
        if (!forgotten) {
            answer.complete = replay.complete;
            answer.oldest_seq = replay.oldest_seq;
            forgotten = replay.forgotten_seq;
        }
        for (const auto& event : replay.events) {
            if (may_receive(event->topic, *access_.principal->rights)) ++answer.replayed;
        }
        if (!replay.more) return *forgotten;
        request.after = replay.events.back()->seq;
    }
}

bool ClientFeed::unsubscribe(const TopicFilter& filter) {
    const auto* found = find(filter);
    if (found == nullptr) return false;
    loop_.remove_route(*this, found->filter);
    entries_.erase(entries_.begin() + (found - entries_.data()));
    if (entries_.empty()) catching_up_ = false;
    return true;
}

std::vector<TopicFilter> ClientFeed::filters() const {
    std::vector<TopicFilter> all;
    for (const auto& entry : entries_)
        all.push_back(entry.filter);
    return all;
}

bool ClientFeed::wants(const Event& event) const {
    const bool subscribed = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return event.seq > entry.after && entry.filter.matches(event.topic, event.type);
    });
    return subscribed && may_receive(event.topic, *access_.principal->rights);
}

void ClientFeed::offer(const ParcelPtr& parcel) {
    const Event& event = *parcel->event;
    // By two routes it comes twice.
    if (catching_up_ || event.seq <= seen_seq_ || !wants(event)) return;
    seen_seq_ = event.seq;
    const auto dropped = outbox_.dropped();
    outbox_.push(parcel);
    loop_.count_dropped(outbox_.dropped() - dropped);
    loop_.mark_ready(*this);
}

void ClientFeed::catch_up() {
    if (!knows_client() || entries_.empty()) return;
    settle();
    begin_catching_up();
    loop_.mark_ready(*this);
}

void ClientFeed::pump() {
    if (left_) return;
    const auto& tenant = knows_client() ? access_.principal->tenant : identity::Tenant{};
    while (catching_up_ && outbox_.has_room()) {
        ReplayRequest request;
        request.filters = filters();
        request.after = cursor_;
        request.until = loop_.bus().last_seq(tenant);
        request.events_max =
            std::min(limits::kReplayPiece, outbox_.limits().events_max - outbox_.events());
        const auto replay = loop_.bus().read(tenant, request);
        if (replay.forgotten_seq > cursor_) {
            outbox_.note_lost();
            loop_.count_dropped(1);
        }
        for (const auto& event : replay.events) {
            if (wants(*event)) outbox_.push(loop_.wrap(event), Outbox::Overflow::Never);
            cursor_ = event->seq;
        }
        cursor_ = std::max(cursor_, replay.forgotten_seq);
        if (replay.more) continue;
        cursor_ = std::max(cursor_, request.until);
        seen_seq_ = std::max(seen_seq_, cursor_);
        catching_up_ = false;
    }
}

}  // namespace zs::events
