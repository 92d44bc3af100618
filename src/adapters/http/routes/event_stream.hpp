#pragma once

#include "adapters/http/message.hpp"
#include "core/events/fanout.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace zs::http {

// A client of events as a body that does not end: server-sent events, one for each event, named
// ones for what the server has to say.
// Threading: the connection's loop. Source: the HTML standard, section 9.2.
class EventStream final : public BodySource, public events::FeedClient {
public:
    struct Start {
        events::FeedAccess access;
        std::vector<events::TopicFilter> filters;
        std::optional<std::uint64_t> after;
        std::chrono::milliseconds keep_alive{15'000};
        std::stop_token stop;
        std::shared_ptr<void> place;  // kept as long as the stream is there
    };
    EventStream(events::FanoutLoop& loop, boost::asio::io_context& io, const Clock& clock,
                Start start);
    ~EventStream() override;
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    async::Task<Result<bool>> next(std::string& piece) override;

    void on_ready() override { wake(); }
    void on_subscription_lost(const events::TopicFilter& filter) override;
    void on_access_lost(const Error& why) override;

private:
    void take(std::string& piece);
    void wake() { timer_.cancel(); }
    bool ended() const;

    const std::shared_ptr<void> place_;
    const Clock& clock_;
    const std::chrono::milliseconds keep_alive_;
    std::stop_token stop_;
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      boost::asio::io_context::executor_type>
        timer_;
    std::shared_ptr<events::ClientFeed> feed_;
    std::string notices_;   // to be sent before the next event
    std::string farewell_;  // after the last one
    bool over_ = false;
    std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace zs::http
