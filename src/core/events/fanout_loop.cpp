#include "async/sleep.hpp"
#include "base/metrics.hpp"
#include "core/events/fanout.hpp"
#include "core/events/limits.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>
#include <utility>

namespace zs::events {
namespace {

// When nobody could be asked: until the next try.
constexpr std::chrono::seconds kAskAgain{1};

metrics::Counter& dropped_total() {
    static auto& counter =
        metrics::counter("ws_dropped_total", "Events that slow clients did not get.");
    return counter;
}

}  // namespace

FanoutLoop::FanoutLoop(Fanout& fanout, async::Executor executor, std::size_t index)
    : fanout_(fanout),
      executor_(executor),
      index_(index),
      tasks_(std::move(executor), "clients of events") {
    dropped_total();
}

FanoutLoop::~FanoutLoop() = default;

EventBus& FanoutLoop::bus() {
    return fanout_.bus();
}

ParcelPtr FanoutLoop::wrap(const EventPtr& event) const {
    auto parcel = std::make_shared<Parcel>();
    parcel->event = event;
    parcel->bytes = fanout_.config().encode(event->frame);
    return parcel;
}

void FanoutLoop::count_dropped(std::uint64_t count) {
    if (count == 0) return;
    fanout_.dropped_.fetch_add(count, std::memory_order_relaxed);
    dropped_total().add(static_cast<double>(count));
}

// ---- clients

std::shared_ptr<ClientFeed> FanoutLoop::join(FeedClient& client) {
    auto feed = std::make_shared<ClientFeed>(*this, client, fanout_.config().outbox);
    feed->index = feeds_.size();
    feeds_.push_back(feed.get());
    owners_.push_back(feed);
    return feed;
}

void FanoutLoop::part(ClientFeed& feed) {
    const auto index = feed.index;
    feeds_[index] = feeds_.back();
    feeds_[index]->index = index;
    owners_[index] = std::move(owners_.back());
    feeds_.pop_back();
    owners_.pop_back();
    if (feed.is_ready)
        std::replace(ready_.begin(), ready_.end(), &feed, static_cast<ClientFeed*>(nullptr));
}

void FanoutLoop::add_route(ClientFeed& feed, const TopicFilter& filter) {
    const auto& tenant = feed.access().principal->tenant;
    auto& all = routes_[tenant];
    auto& family = all.families[static_cast<std::size_t>(filter.family)];
    (filter.wildcard ? family.wildcards : family.by_name[filter.name]).push_back(&feed);
    ++all.count;
    if (++family.count == 1) fanout_.want(tenant, filter.family, index_);
}

void FanoutLoop::remove_route(ClientFeed& feed, const TopicFilter& filter) {
    const auto& tenant = feed.access().principal->tenant;
    const auto found = routes_.find(tenant);
    if (found == routes_.end()) return;
    auto& family = found->second.families[static_cast<std::size_t>(filter.family)];
    auto& feeds = filter.wildcard ? family.wildcards : family.by_name[filter.name];
    const auto at = std::find(feeds.begin(), feeds.end(), &feed);
    if (at == feeds.end()) return;
    *at = feeds.back();
    feeds.pop_back();
    if (feeds.empty() && !filter.wildcard) family.by_name.erase(filter.name);
    --found->second.count;
    if (--family.count == 0) fanout_.want_no_more(tenant, filter.family, index_);
    if (found->second.count == 0) routes_.erase(found);
}

std::uint64_t FanoutLoop::position(const identity::Tenant& tenant) const {
    const auto found = routes_.find(tenant);
    return found == routes_.end() ? 0 : found->second.position;
}

void FanoutLoop::mark_ready(ClientFeed& feed) {
    if (std::exchange(feed.is_ready, true)) return;
    ready_.push_back(&feed);
    // Outside of drain() nobody else would look at it.
    if (ready_.size() == 1 && working_.empty()) {
        boost::asio::post(executor_, [this] { tell_ready(); });
    }
}

void FanoutLoop::tell_ready() {
    // Whoever is told may leave, or make others leave.
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        auto* feed = ready_[i];
        if (feed == nullptr) continue;
        feed->is_ready = false;
        ready_[i] = nullptr;
        feed->client().on_ready();
    }
    ready_.clear();
}

// ---- events

void FanoutLoop::deliver(const ParcelPtr& parcel) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        if (inbox_.size() >= limits::kInboxEventsMax || inbox_bytes_ > limits::kInboxBytesMax) {
            inbox_.clear();
            inbox_bytes_ = 0;
            lost_ = true;
        }
        inbox_.push_back(parcel);
        inbox_bytes_ += parcel->bytes.size();
        if (std::exchange(posted_, true)) return;
        post_drain();
    }
}

void FanoutLoop::post_drain() {
    boost::asio::post(executor_, [this] { drain(); });
}

void FanoutLoop::close_blocking() {
    std::promise<void> passed;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        boost::asio::post(executor_, [&passed] { passed.set_value(); });
    }
    passed.get_future().wait();
    tasks_.cancel();
    tasks_.join_blocking();
}

void FanoutLoop::take_inbox() {
    bool lost = false;
    {
        const std::lock_guard lock(mutex_);
        working_.swap(inbox_);
        inbox_bytes_ = 0;
        lost = std::exchange(lost_, false);
        if (working_.empty()) posted_ = false;
    }
    worked_ = 0;
    if (!lost) return;
    for (std::size_t i = 0; i < feeds_.size(); ++i)
        feeds_[i]->catch_up();
}

void FanoutLoop::drain() {
    if (worked_ == working_.size()) {
        working_.clear();
        take_inbox();
        if (working_.empty()) return tell_ready();
    }
    const auto end = std::min(working_.size(), worked_ + limits::kEventsPerTurn);
    for (; worked_ < end; ++worked_)
        hand_out(working_[worked_]);
    tell_ready();
    const std::lock_guard lock(mutex_);
    if (!closed_) post_drain();  // others on this loop have their turn
}

void FanoutLoop::hand_out(const ParcelPtr& parcel) {
    const Event& event = *parcel->event;
    const auto found = routes_.find(event.tenant);
    if (found == routes_.end()) return;
    found->second.position = event.seq;
    auto& family = found->second.families[static_cast<std::size_t>(event.topic.family)];
    for (auto* feed : family.wildcards)
        feed->offer(parcel);
    if (event.topic.name == Topic::kEveryName) {
        for (auto& [name, feeds] : family.by_name) {
            for (auto* feed : feeds)
                feed->offer(parcel);
        }
        return;
    }
    const auto named = family.by_name.find(event.topic.name);
    if (named == family.by_name.end()) return;
    for (auto* feed : named->second)
        feed->offer(parcel);
}

// ---- access

void FanoutLoop::end_session(const Uuid& session) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    boost::asio::post(executor_, [this, session] {
        const auto owners = owners_;
        for (const auto& owner : owners) {
            const auto feed = owner.lock();
            if (!feed || !feed->knows_client()) continue;
            const auto& principal = *feed->access().principal;
            if (principal.token_kind == identity::TokenKind::Access
                && principal.token_id == session) {
                feed->client().on_access_lost(unauthenticated("the session has ended"));
            }
        }
    });
}

void FanoutLoop::end_all() {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    boost::asio::post(executor_, [this] {
        const auto owners = owners_;
        for (const auto& owner : owners) {
            if (const auto feed = owner.lock())
                feed->client().on_access_lost(unavailable("the server stops"));
        }
    });
}

void FanoutLoop::check_access() {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    boost::asio::post(executor_, [this] {
        if (feeds_.empty()) return;
        recheck_again_ = true;
        if (std::exchange(rechecking_, true)) return;
        tasks_.spawn(recheck());
    });
}

async::Task<> FanoutLoop::recheck() {
    while (std::exchange(recheck_again_, false)) {
        const auto owners = owners_;
        bool all_asked = true;
        for (const auto& owner : owners) {
            const bool asked = co_await recheck_one(owner);
            all_asked = all_asked && asked;
        }
        if (all_asked) continue;
        recheck_again_ = true;
        co_await async::sleep_for(kAskAgain);
    }
    rechecking_ = false;
}

// False: nobody could be asked.
async::Task<bool> FanoutLoop::recheck_one(std::weak_ptr<ClientFeed> weak) {
    std::string credential;
    std::string client_ip;
    {
        const auto feed = weak.lock();
        if (!feed || !feed->knows_client()) co_return true;
        credential = feed->access().credential;
        client_ip = feed->access().client_ip;
    }
    auto answer = co_await fanout_.config().authenticate(credential, std::move(client_ip));
    const auto feed = weak.lock();
    // Gone, or it has another credential by now, which was checked after the change.
    if (!feed || feed->access().credential != credential) co_return true;
    if (answer && (*answer)->tenant == feed->access().principal->tenant) {
        feed->set_principal(std::move(*answer));
        co_return true;
    }
    if (!answer && answer.error().code != ErrorCode::Unauthenticated
        && answer.error().code != ErrorCode::Forbidden) {
        co_return false;
    }
    auto why = answer ? unauthenticated("the credential stands for somebody else now")
                      : Error(answer.error());
    feed->client().on_access_lost(why);
    co_return true;
}

}  // namespace zs::events
