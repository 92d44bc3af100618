#include "adapters/http/routes/event_stream.hpp"

#include "base/json_writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace zs::http {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::string_view kKeepAlive = ": keep-alive\n\n";
// Clients come back so many milliseconds after a cut.
constexpr std::string_view kRetry = "retry: 2000\n\n";

std::string notice(std::string_view name, const boost::json::object& data) {
    return "event: " + std::string(name) + "\ndata: " + write_json(data) + "\n\n";
}

void append_event(std::string& out, const events::Event& event) {
    out += "id: ";
    out += std::to_string(event.seq);
    out += "\ndata: ";
    out += event.frame;
    out += "\n\n";
}

}  // namespace

EventStream::EventStream(events::FanoutLoop& loop, boost::asio::io_context& io, const Clock& clock,
                         Start start)
    : place_(std::move(start.place)),
      clock_(clock),
      keep_alive_(start.keep_alive),
      stop_(std::move(start.stop)),
      timer_(io.get_executor()),
      feed_(loop.join(*this)),
      notices_(kRetry) {
    feed_->set_access(std::move(start.access));
    boost::json::array topics;
    for (const auto& filter : start.filters)
        topics.push_back(json_text(filter.text()));
    const auto done = feed_->subscribe(std::move(start.filters), start.after);
    boost::json::object data;
    data["topics"] = std::move(topics);
    data["seq"] = done.seq;
    data["replayed"] = done.replayed;
    data["oldest_seq"] = done.oldest_seq;
    data["complete"] = done.complete;
    notices_ += notice("subscribed", data);
    on_stop_.emplace(stop_, [this] { wake(); });
}

EventStream::~EventStream() {
    on_stop_.reset();
    feed_->leave();
}

bool EventStream::ended() const {
    return over_ || stop_.stop_requested() || feed_->subscriptions() == 0
           || clock_.now() >= feed_->access().principal->expires_at;
}

async::Task<Result<bool>> EventStream::next(std::string& piece) {
    piece.clear();
    while (true) {
        take(piece);
        if (!piece.empty()) co_return true;
        if (ended()) co_return false;
        const auto left = feed_->access().principal->expires_at - clock_.now();
        timer_.expires_after(std::min<std::chrono::milliseconds>(keep_alive_, left));
        const auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
        const auto [woken] = co_await timer_.async_wait(token);
        if (woken || ended()) continue;
        piece = kKeepAlive;
        co_return true;
    }
}

void EventStream::take(std::string& piece) {
    auto& outbox = feed_->outbox();
    if (!over_) feed_->pump();
    piece += std::exchange(notices_, {});
    if (const auto gap = outbox.take_gap()) {
        boost::json::object data;
        data["count"] = gap->count;
        data["since_last"] = gap->since_last;
        data["last_seq"] = gap->last_seq;
        piece += notice("dropped", data);
    }
    while (!outbox.empty() && piece.size() < kPieceBytes) {
        append_event(piece, *outbox.at(0)->event);
        outbox.pop();
    }
    if (outbox.empty()) piece += std::exchange(farewell_, {});
}

void EventStream::on_subscription_lost(const events::TopicFilter& filter) {
    boost::json::object data;
    data["topic"] = json_text(filter.text());
    data["reason"] = "permission_denied";
    notices_ += notice("unsubscribed", data);
    wake();
}

void EventStream::on_access_lost(const Error& why) {
    boost::json::object data;
    data["error"] = json_text(why.reason_text());
    data["message"] = json_text(why.message);
    if (why.code != ErrorCode::Unavailable) feed_->outbox().clear();
    farewell_ = notice("closed", data);
    over_ = true;
    wake();
}

}  // namespace zs::http
