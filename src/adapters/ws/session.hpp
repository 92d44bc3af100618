#pragma once

#include "adapters/ws/client_message.hpp"
#include "adapters/ws/frame.hpp"
#include "adapters/ws/server_frames.hpp"
#include "adapters/ws/session_loop.hpp"
#include "base/ids.hpp"
#include "core/events/client_feed.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace zs::ws {

// One WebSocket: reads messages, acts on them, sends what its feed's outbox holds.
// Messages are taken one after the other: while one waits for an answer from elsewhere, nothing
// more is read.
// Lifetime: its loop owns it until it is closed; a coroutine of it keeps it longer.
// Threading: its loop.
class Session final : public events::FeedClient, public std::enable_shared_from_this<Session> {
public:
    using TimePoint = SessionLoop::TimePoint;

    Session(SessionLoop& loop, NewConnection connection);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // ---- for the loop
    void start();  // with what came behind the handshake
    void on_events(std::uint32_t events);
    void on_tick(Timestamp time);
    // Says why, waits a while for the client to say the same, ends. Once.
    void close(CloseCode code, std::string_view reason);
    void cut();
    std::size_t index = 0;  // in the loop's list

    // ---- for the feed
    void on_ready() override { flush(); }
    void on_subscription_lost(const events::TopicFilter& filter) override;
    void on_access_lost(const Error& why) override;

private:
    enum class Phase : std::uint8_t {
        Open,
        Closing,    // our close frame is on its way; waits for the client's
        Lingering,  // both sides said it, or nothing more can be understood: waits for the end
        Closed,
    };

    // session.cpp: bytes
    void read();
    void take(std::span<char> bytes);
    void resume_reading();
    bool wants_input() const;
    void flush();
    bool send_some();
    void linger();
    void on_peer_close(std::string_view payload);
    void send_frame(std::string frame);
    void ping_or_end();
    void check_expiry(Timestamp time);

    // session_actions.cpp: messages
    void on_frame(ClientFrame frame);
    void on_text(std::string_view text);
    void on_message(ClientMessage message);
    bool within_rate();
    void refuse(const Error& error, const boost::json::value& id, std::string_view topic = {});
    void count_bad_message();
    void answer(Control control);
    void unsubscribe(const ClientMessage& message);
    void list(const ClientMessage& message);
    void spawn(async::Task<> task);
    static async::Task<> authenticate(std::shared_ptr<Session> self, ClientMessage message);
    static async::Task<> subscribe(std::shared_ptr<Session> self, ClientMessage message);
    static async::Task<> resume(std::shared_ptr<Session> self, ClientMessage message);
    async::Task<Result<events::TopicFilter>> check_topic(std::string topic);
    Result<void> check_room(const std::vector<events::TopicFilter>& filters) const;
    void action_done();
    const WsConfig& config() const { return loop_.server().config(); }
    Timestamp time() const { return loop_.server().clock().now(); }

    SessionLoop& loop_;
    int fd_;
    Phase phase_ = Phase::Open;
    bool readable_ = true;
    bool writable_ = true;
    bool busy_ = false;        // a message waits for its answer
    bool unreadable_ = false;  // what comes cannot be understood any more
    bool expiry_told_ = false;
    bool shut_down_ = false;
    std::uint8_t bad_messages_ = 0;
    std::shared_ptr<events::ClientFeed> feed_;
    FrameReader reader_;
    std::string pending_;  // came while busy
    std::string head_;     // the rest of the handshake's answer
    std::size_t sent_of_first_ = 0;
    std::string client_ip_;
    std::string request_id_;
    TimePoint opened_at_;
    TimePoint heard_at_;
    TimePoint pinged_at_;
    TimePoint progress_at_;  // the client took bytes, or there were none
    TimePoint deadline_;     // of Closing and Lingering
    TimePoint bad_since_;
    TimePoint limited_since_;
    TimePoint limited_at_;
    TimePoint credit_at_;
    float credit_ = 0;  // messages it may send at once
};

}  // namespace zs::ws
