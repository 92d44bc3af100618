#include "adapters/ws/limits.hpp"
#include "adapters/ws/session.hpp"
#include "core/events/fanout.hpp"

#include <algorithm>
#include <utility>

namespace zs::ws {
namespace {

using events::TopicFilter;

Error not_authenticated() {
    return unauthenticated("authenticate first: {\"action\":\"auth\",\"token\":\"…\"}");
}

boost::json::array texts_of(const std::vector<TopicFilter>& filters) {
    boost::json::array array;
    for (const auto& filter : filters)
        array.push_back(json_text(filter.text()));
    return array;
}

boost::json::object data_of(const events::ClientFeed::Subscribed& done) {
    boost::json::object data;
    data["seq"] = done.seq;
    data["replayed"] = done.replayed;
    data["oldest_seq"] = done.oldest_seq;
    data["complete"] = done.complete;
    return data;
}

}  // namespace

void Session::on_frame(ClientFrame frame) {
    if (frame.opcode == Opcode::Close) return on_peer_close(frame.payload);
    if (phase_ != Phase::Open) return;
    switch (frame.opcode) {
        case Opcode::Ping: send_frame(make_frame(Opcode::Pong, frame.payload)); return flush();
        case Opcode::Text: loop_.count_in(1); return on_text(frame.payload);
        case Opcode::Binary:
            loop_.count_in(1);
            if (!within_rate()) return;
            refuse(invalid_argument("binary frames need a join first", "not_joined"), nullptr);
            return count_bad_message();
        case Opcode::Pong:
        case Opcode::Close:
        case Opcode::Continuation: return;
    }
}

void Session::answer(Control control) {
    send_frame(control_frame(std::move(control), time()));
    flush();
}

void Session::refuse(const Error& error, const boost::json::value& id, std::string_view topic) {
    send_frame(error_frame(error, id, topic, request_id_, time()));
    flush();
}

// A bucket of credit that fills up with time.
bool Session::within_rate() {
    const auto rate = config().messages_per_second;
    if (rate == 0) return true;
    const auto now = loop_.now();
    const std::chrono::duration<float> passed = now - credit_at_;
    credit_at_ = now;
    credit_ = std::min(static_cast<float>(config().messages_burst),
                       credit_ + passed.count() * static_cast<float>(rate));
    if (credit_ >= 1) {
        credit_ -= 1;
        return true;
    }
    if (now - limited_at_ > limits::kLimitedPause) limited_since_ = now;
    limited_at_ = now;
    if (now - limited_since_ >= config().limited_time) {
        close(CloseCode::TooMany, "too many messages");
        return false;
    }
    refuse(exhausted("at most " + std::to_string(rate) + " messages in a second", "rate_limited"),
           nullptr);
    return false;
}

void Session::count_bad_message() {
    const auto now = loop_.now();
    if (bad_messages_ == 0 || now - bad_since_ > limits::kBadMessagesTime) {
        bad_since_ = now;
        bad_messages_ = 0;
    }
    if (++bad_messages_ >= limits::kBadMessagesMax)
        close(CloseCode::PolicyViolation, "too many messages that make no sense");
}

void Session::on_text(std::string_view text) {
    if (!within_rate()) return;
    boost::json::value id;
    auto message = parse_client_message(text, id);
    if (message) return on_message(std::move(*message));
    refuse(message.error(), id);
    if (message.error().reason == "invalid_message") count_bad_message();
}

void Session::on_message(ClientMessage message) {
    if (message.action == Action::Auth)
        return spawn(authenticate(shared_from_this(), std::move(message)));
    if (!feed_->knows_client()) return refuse(not_authenticated(), message.id, message.topic);
    switch (message.action) {
        case Action::Subscribe: return spawn(subscribe(shared_from_this(), std::move(message)));
        case Action::Resume: return spawn(resume(shared_from_this(), std::move(message)));
        case Action::Unsubscribe: return unsubscribe(message);
        case Action::List: return list(message);
        case Action::Auth:
        case Action::Ping: break;
    }
    Control control;
    control.type = "pong";
    control.id = message.id;
    control.message = "pong";
    answer(std::move(control));
}

// ---- at once

void Session::unsubscribe(const ClientMessage& message) {
    const auto filter = events::parse_topic_filter(message.topic);
    if (!filter) return refuse(filter.error(), message.id, message.topic);
    const bool was = feed_->unsubscribe(*filter);
    Control control;
    control.type = "unsubscribed";
    control.id = message.id;
    control.message = (was ? "unsubscribed from " : "was not subscribed to ") + message.topic;
    control.data["topic"] = json_text(message.topic);
    answer(std::move(control));
}

void Session::list(const ClientMessage& message) {
    boost::json::array subscriptions;
    for (const auto& filter : feed_->filters()) {
        boost::json::object entry;
        entry["topic"] = json_text(filter.text());
        boost::json::array types;
        for (const auto& type : filter.types)
            types.push_back(json_text(type));
        entry["types"] = std::move(types);
        subscriptions.push_back(std::move(entry));
    }
    Control control;
    control.type = "subscriptions";
    control.id = message.id;
    control.message = std::to_string(subscriptions.size()) + " subscriptions";
    control.data["subscriptions"] = std::move(subscriptions);
    answer(std::move(control));
}

// ---- with somebody else's answer

void Session::spawn(async::Task<> task) {
    busy_ = true;
    loop_.fanout().tasks().spawn(std::move(task));
}

void Session::action_done() {
    busy_ = false;
    if (phase_ == Phase::Closed) return;
    flush();
    resume_reading();
}

async::Task<> Session::authenticate(std::shared_ptr<Session> self, ClientMessage message) {
    events::FeedAccess access;
    access.credential = message.token.reveal();
    access.client_ip = self->client_ip_;
    auto& feed = *self->feed_;
    const bool first = !feed.knows_client();
    const auto& check = self->loop_.fanout().fanout().config().authenticate;
    auto found = co_await check(access.credential, access.client_ip);
    if (self->phase_ != Phase::Open) co_return self->action_done();
    if (!found) {
        self->refuse(found.error(), message.id);
        const bool bad = found.error().code == ErrorCode::Unauthenticated
                         || found.error().code == ErrorCode::Forbidden;
        if (first && bad) self->close(CloseCode::Unauthenticated, "the credential is not good");
        co_return self->action_done();
    }
    const auto& principal = **found;
    if (!first) {
        const auto& known = *feed.access().principal;
        if (known.user_id != principal.user_id || known.tenant != principal.tenant) {
            const auto error = forbidden("the token is of another principal or environment");
            self->refuse(error, message.id);
            co_return self->action_done();
        }
    }
    Control control;
    control.type = "authenticated";
    control.id = message.id;
    control.message = "authenticated as " + principal.email;
    control.data["connection_id"] = json_text(self->request_id_);
    control.data["user_id"] = json_text(principal.user_id.to_string());
    control.data["access_expires_at"] = json_text(to_rfc3339(principal.expires_at));
    self->expiry_told_ = false;
    access.principal = std::move(*found);
    self->send_frame(control_frame(std::move(control), self->time()));
    feed.set_access(std::move(access));
    self->action_done();
}

async::Task<Result<TopicFilter>> Session::check_topic(std::string topic) {
    auto filter = events::parse_topic_filter(topic);
    if (!filter) co_return filter;
    const auto principal = feed_->access().principal;
    if (auto may = events::check_may_listen(*filter, *principal->rights); !may)
        co_return may.error();
    if (config().look_up) {
        auto there = co_await config().look_up(principal, *filter);
        if (!there) co_return there.error();
    }
    co_return filter;
}

Result<void> Session::check_room(const std::vector<TopicFilter>& filters) const {
    const auto is_new = [this](const TopicFilter& filter) { return !feed_->has(filter); };
    const auto added = std::count_if(filters.begin(), filters.end(), is_new);
    const auto max = config().subscriptions_max;
    if (feed_->subscriptions() + static_cast<std::size_t>(added) <= max) return {};
    return exhausted("at most " + std::to_string(max) + " subscriptions", "subscription_limit");
}

async::Task<> Session::subscribe(std::shared_ptr<Session> self, ClientMessage message) {
    auto filter = co_await self->check_topic(message.topic);
    if (self->phase_ != Phase::Open) co_return self->action_done();
    std::vector<TopicFilter> filters;
    Result<void> fits{};
    if (filter) {
        filters.push_back(*filter);
        filters.front().types = std::move(message.types);
        fits = self->check_room(filters);
    }
    if (!filter || !fits) {
        self->refuse(filter ? fits.error() : filter.error(), message.id, message.topic);
        co_return self->action_done();
    }
    const auto done = self->feed_->subscribe(std::move(filters), message.from_seq);
    Control control;
    control.type = "subscribed";
    control.id = message.id;
    control.message = "subscribed to " + message.topic;
    control.data = data_of(done);
    control.data["topic"] = json_text(message.topic);
    self->send_frame(control_frame(std::move(control), self->time()));
    self->action_done();
}

async::Task<> Session::resume(std::shared_ptr<Session> self, ClientMessage message) {
    std::vector<TopicFilter> filters;
    for (const auto& topic : message.topics) {
        auto filter = co_await self->check_topic(topic);
        if (self->phase_ != Phase::Open) co_return self->action_done();
        if (!filter) {
            self->refuse(filter.error(), message.id, topic);
            co_return self->action_done();
        }
        const auto same = [&](const TopicFilter& known) { return known.text() == filter->text(); };
        if (std::none_of(filters.begin(), filters.end(), same)) filters.push_back(*filter);
    }
    for (const auto& known : self->feed_->filters()) {
        for (auto& filter : filters) {
            if (filter.text() == known.text()) filter.types = known.types;
        }
    }
    if (auto fits = self->check_room(filters); !fits) {
        self->refuse(fits.error(), message.id);
        co_return self->action_done();
    }
    Control control;
    control.type = "resumed";
    control.id = message.id;
    control.data["topics"] = texts_of(filters);
    auto topics = std::move(control.data["topics"]);
    const auto done = self->feed_->subscribe(std::move(filters), message.from_seq);
    control.message = "resumed after " + std::to_string(*message.from_seq);
    control.data = data_of(done);
    control.data["topics"] = std::move(topics);
    self->send_frame(control_frame(std::move(control), self->time()));
    self->action_done();
}

}  // namespace zs::ws
