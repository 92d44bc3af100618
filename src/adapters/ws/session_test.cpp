#include "adapters/ws/frame.hpp"
#include "adapters/ws/ws_server.hpp"
#include "core/events/memory_event_bus.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <fcntl.h>
#include <future>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::ws {
namespace {

using boost::json::object;
using events::NewEvent;
using events::TopicFamily;
using identity::Resource;
using identity::Right;

const identity::Tenant kTenant{"default", "live"};

NewEvent table_event(std::string name, std::size_t bytes = 0) {
    NewEvent event;
    event.topic = events::Topic{TopicFamily::Tables, std::move(name)};
    event.type = "change";
    event.message = "changed";
    if (bytes > 0) event.data["filler"] = std::string(bytes, 'x');
    return event;
}

// A browser, so to speak: the other end of the socket, with frames made by hand.
class Client {
public:
    explicit Client(int fd) : fd_(fd) {
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send_raw(std::string_view bytes) {
        ASSERT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    void send_frame(unsigned first, std::string_view payload) {
        std::string frame(1, static_cast<char>(first));
        if (payload.size() > 125) {
            frame += static_cast<char>(0x80 | 126);
            frame += static_cast<char>(payload.size() >> 8);
            frame += static_cast<char>(payload.size() & 0xff);
        } else {
            frame += static_cast<char>(0x80U | payload.size());
        }
        frame += std::string(4, '\0');  // a mask that changes nothing
        frame += payload;
        send_raw(frame);
    }
    void say(std::string_view json) { send_frame(0x81, json); }

    struct Frame {
        unsigned opcode = 0;
        std::string payload;
        unsigned close_code() const {
            return payload.size() < 2 ? 0U
                                      : (static_cast<unsigned char>(payload[0]) << 8U)
                                            + static_cast<unsigned char>(payload[1]);
        }
    };
    // Opcode 0: the connection has ended.
    Frame next_frame() {
        Frame frame;
        if (!fill(2)) return frame;
        std::size_t header = 2;
        std::size_t size = static_cast<unsigned char>(received_[1]) & 0x7fU;
        if (size >= 126) {
            const std::size_t extra = size == 126 ? 2 : 8;
            if (!fill(2 + extra)) return frame;
            size = 0;
            for (std::size_t i = 0; i < extra; ++i)
                size = (size << 8) | static_cast<unsigned char>(received_[2 + i]);
            header += extra;
        }
        if (!fill(header + size)) return frame;
        frame.opcode = static_cast<unsigned char>(received_[0]) & 0x0fU;
        frame.payload = received_.substr(header, size);
        received_.erase(0, header + size);
        return frame;
    }
    object next() {
        const auto frame = next_frame();
        if (frame.opcode != 1) {
            ADD_FAILURE() << "no text, but opcode " << frame.opcode;
            return {{"type", "nothing"}, {"data", object{}}, {"seq", 0}};
        }
        return boost::json::parse(frame.payload).as_object();
    }
    object ask(std::string_view json) {
        say(json);
        return next();
    }
    int fd() const { return fd_; }

private:
    bool fill(std::size_t count) {
        char buffer[4096];
        while (received_.size() < count) {
            const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
            if (got <= 0) return false;
            received_.append(buffer, static_cast<std::size_t>(got));
        }
        return true;
    }
    int fd_;
    std::string received_;
};

class SessionTest : public ::testing::Test {
protected:
    ~SessionTest() override {
        if (sockets_) sockets_->close_blocking(std::chrono::milliseconds(100));
        if (fanout_) fanout_->close_blocking();
    }

    void start() {
        io_.start();
        events::Fanout::Config fanout;
        fanout.outbox = queue_;
        fanout.encode = make_text_frame;
        fanout.authenticate = [this](std::string credential, std::string) {
            return answer(find(credential));
        };
        fanout_.emplace(bus_, io_, std::move(fanout));
        config_.look_up = [](identity::PrincipalPtr, events::TopicFilter filter) {
            const bool there = filter.name != "missing";
            return nothing(there ? Result<void>() : Result<void>(not_found("no such table")));
        };
        sockets_.emplace(io_, *fanout_, clock_, config_);
    }
    static async::Task<Result<identity::PrincipalPtr>> answer(
        Result<identity::PrincipalPtr> found) {
        co_return found;
    }
    static async::Task<Result<void>> nothing(Result<void> outcome) { co_return outcome; }

    Result<identity::PrincipalPtr> find(const std::string& credential) {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(credential);
        if (found == known_.end()) return unauthenticated("unknown");
        return identity::PrincipalPtr(found->second);
    }
    void know(const std::string& credential, std::initializer_list<Resource> readable,
              int number = 1) {
        auto principal = std::make_shared<identity::Principal>();
        const auto digit = std::to_string(number);
        principal->user_id =
            identity::UserId::parse("00000000-0000-7000-8000-00000000000" + digit).value();
        principal->token_id = Uuid::parse("00000000-0000-7000-8000-0000000000a" + digit).value();
        principal->email = "a@example.org";
        principal->tenant = kTenant;
        principal->expires_at = clock_.now() + Seconds(900);
        auto rights = std::make_shared<identity::Rights>();
        for (const auto resource : readable)
            rights->set(resource, {Right::Read});
        principal->rights = std::move(rights);
        const std::lock_guard lock(mutex_);
        known_[credential] = std::move(principal);
    }

    std::unique_ptr<Client> connect(const std::string& credential = {}, int buffer = 0) {
        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        if (buffer > 0) ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
        EXPECT_TRUE(sockets_->reserve());
        std::promise<void> accepted;
        boost::asio::post(io_.loop(0), [&] {
            NewConnection connection;
            connection.fd = fds[0];
            connection.loop = &io_.loop(0);
            connection.request_id = "request";
            connection.access.credential = credential;
            if (!credential.empty()) connection.access.principal = find(credential).value();
            sockets_->accept(std::move(connection));
            accepted.set_value();
        });
        accepted.get_future().wait();
        return std::make_unique<Client>(fds[1]);
    }

    ManualClock clock_;
    events::MemoryEventBus bus_{clock_};
    events::Outbox::Limits queue_;
    WsConfig config_;
    async::IoRuntime io_{1};
    std::optional<events::Fanout> fanout_;
    std::optional<WsServer> sockets_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const identity::Principal>> known_;
};

TEST_F(SessionTest, AFirstMessageAuthenticates) {
    know("good", {Resource::Tables});
    start();
    const auto client = connect();
    EXPECT_EQ(client->ask(R"({"action":"ping","id":1})").at("error"), "unauthenticated");
    const auto welcome = client->ask(R"({"action":"auth","token":"good","id":2})");
    EXPECT_EQ(welcome.at("type"), "authenticated");
    EXPECT_EQ(welcome.at("id"), 2);
    EXPECT_EQ(welcome.at("data").at("connection_id"), "request");
    EXPECT_EQ(client->ask(R"({"action":"ping","id":3})").at("type"), "pong");
    const auto bad = connect();
    EXPECT_EQ(bad->ask(R"({"action":"auth","token":"bad"})").at("error"), "unauthenticated");
    EXPECT_EQ(bad->next_frame().close_code(), 4401U);
    EXPECT_EQ(bad->next_frame().opcode, 0U);
}

TEST_F(SessionTest, EventsFollowTheirSubscriptionOnce) {
    know("good", {Resource::Tables});
    start();
    const auto client = connect("good");
    bus_.publish(kTenant, table_event("a"));
    EXPECT_EQ(client->ask(R"({"action":"subscribe","topic":"tables/a","id":1})").at("type"),
              "subscribed");
    EXPECT_EQ(client->ask(R"({"action":"subscribe","topic":"tables/*","id":2})").at("type"),
              "subscribed");
    const auto first = bus_.publish(kTenant, table_event("a"));
    const auto second = bus_.publish(kTenant, table_event("b"));
    bus_.publish({"default", "sandbox"}, table_event("a"));
    EXPECT_EQ(client->next().at("seq").to_number<std::uint64_t>(), first->seq);
    EXPECT_EQ(client->next().at("seq").to_number<std::uint64_t>(), second->seq);
    const auto list = client->ask(R"({"action":"list"})");
    EXPECT_EQ(list.at("data").at("subscriptions").as_array().size(), 2U);
    EXPECT_EQ(client->ask(R"({"action":"unsubscribe","topic":"tables/*"})").at("type"),
              "unsubscribed");
    bus_.publish(kTenant, table_event("b"));
    const auto third = bus_.publish(kTenant, table_event("a"));
    EXPECT_EQ(client->next().at("seq").to_number<std::uint64_t>(), third->seq);
}

TEST_F(SessionTest, RefusalsAreErrorFrames) {
    know("good", {Resource::Tables});
    config_.subscriptions_max = 1;
    start();
    const auto client = connect("good");
    const auto error = [&](const char* topic) {
        const auto frame = client->ask(R"({"action":"subscribe","topic":")" + std::string(topic)
                                       + R"(","id":"x"})");
        EXPECT_EQ(frame.at("id"), "x");
        return std::string(frame.at("error").as_string());
    };
    EXPECT_EQ(error("nonsense/x"), "unknown_topic");
    EXPECT_EQ(error("permissions"), "permission_denied");
    EXPECT_EQ(error("tables/missing"), "not_found");
    EXPECT_EQ(client->ask(R"({"action":"subscribe","topic":"tables/a"})").at("type"), "subscribed");
    EXPECT_EQ(error("tables/b"), "subscription_limit");
    client->send_frame(0x82, "binary");
    EXPECT_EQ(client->next().at("error"), "not_joined");
}

TEST_F(SessionTest, MessagesThatMakeNoSenseEndIt) {
    know("good", {});
    start();
    const auto client = connect("good");
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(client->ask("nonsense").at("error"), "invalid_message");
    EXPECT_EQ(client->next_frame().close_code(), 1008U);
}

TEST_F(SessionTest, BadFramesAndLargeMessagesEndIt) {
    know("good", {});
    config_.text_bytes_max = 1024;
    start();
    const auto unmasked = connect("good");
    unmasked->send_raw(std::string("\x81\x01x", 3));
    EXPECT_EQ(unmasked->next_frame().close_code(), 1002U);
    const auto text = connect("good");
    text->send_frame(0x81, "\xff");
    EXPECT_EQ(text->next_frame().close_code(), 1007U);
    const auto large = connect("good");
    large->say(std::string(1025, 'x'));
    EXPECT_EQ(large->next().at("error"), "message_too_large");
    EXPECT_EQ(large->next_frame().close_code(), 1009U);
}

TEST_F(SessionTest, TheRateIsLimited) {
    know("good", {});
    config_.messages_per_second = 1;
    config_.messages_burst = 3;
    start();
    const auto client = connect("good");
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client->ask(R"({"action":"ping"})").at("type"), "pong");
    EXPECT_EQ(client->ask(R"({"action":"ping"})").at("error"), "rate_limited");
}

TEST_F(SessionTest, WhoGoesOnBeyondTheRateIsClosed) {
    know("good", {});
    config_.messages_per_second = 1;
    config_.messages_burst = 1;
    config_.limited_time = std::chrono::milliseconds(30);
    start();
    const auto client = connect("good");
    int refused = 0;
    Client::Frame frame;
    while (frame.opcode != 8) {
        client->say(R"({"action":"ping"})");
        frame = client->next_frame();
        ASSERT_NE(frame.opcode, 0U) << "closed without a close frame";
        refused += frame.payload.find("rate_limited") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(frame.close_code(), 4429U);
    EXPECT_GT(refused, 0) << "it was told before";
}

TEST_F(SessionTest, AClosingClientIsAnsweredInKind) {
    know("good", {});
    start();
    const auto client = connect("good");
    client->send_frame(0x89, "still there?");
    const auto pong = client->next_frame();
    EXPECT_EQ(pong.opcode, 10U);
    EXPECT_EQ(pong.payload, "still there?");
    client->send_frame(0x88, "\x03\xe8");
    const auto close = client->next_frame();
    EXPECT_EQ(close.opcode, 8U);
    EXPECT_EQ(close.close_code(), 1000U);
    EXPECT_EQ(client->next_frame().opcode, 0U);
}

TEST_F(SessionTest, ALostRightEndsItsSubscriptionsAndALostSessionTheSocket) {
    know("good", {Resource::Tables, Resource::Collections});
    start();
    const auto client = connect("good");
    client->ask(R"({"action":"subscribe","topic":"tables/a"})");
    client->ask(R"({"action":"subscribe","topic":"collections/a"})");
    know("good", {Resource::Collections});
    fanout_->rights_changed();
    const auto gone = client->next();
    EXPECT_EQ(gone.at("type"), "unsubscribed");
    EXPECT_EQ(gone.at("data").at("topic"), "tables/a");
    EXPECT_EQ(gone.at("data").at("reason"), "permission_denied");
    fanout_->session_ended(Uuid::parse("00000000-0000-7000-8000-0000000000a2").value());
    EXPECT_EQ(client->ask(R"({"action":"ping"})").at("type"), "pong") << "another session";
    fanout_->session_ended(Uuid::parse("00000000-0000-7000-8000-0000000000a1").value());
    EXPECT_EQ(client->next_frame().close_code(), 4401U);
}

TEST_F(SessionTest, AnExpiringTokenIsReplacedOrTheSocketCloses) {
    know("good", {});
    know("other", {}, 2);
    start();
    const auto client = connect("good");
    clock_.advance(Seconds(860));
    EXPECT_EQ(client->next().at("type"), "token_expiring");
    know("good", {});  // a new one, from now
    EXPECT_EQ(client->ask(R"({"action":"auth","token":"other"})").at("error"), "permission_denied");
    EXPECT_EQ(client->ask(R"({"action":"auth","token":"good"})").at("type"), "authenticated");
    clock_.advance(Seconds(860));
    EXPECT_EQ(client->next().at("type"), "token_expiring");
    clock_.advance(Seconds(41));
    EXPECT_EQ(client->next_frame().close_code(), 4401U);
}

TEST_F(SessionTest, WhoDoesNotAuthenticateInTimeOrSaysNothingIsClosed) {
    know("good", {});
    config_.auth_timeout = std::chrono::milliseconds(100);
    config_.ping_every = std::chrono::milliseconds(200);
    config_.silent_after = std::chrono::milliseconds(700);
    start();
    EXPECT_EQ(connect()->next_frame().close_code(), 4401U);
    const auto silent = connect("good");
    unsigned pings = 0;
    auto frame = silent->next_frame();
    for (; frame.opcode == 9; frame = silent->next_frame())
        ++pings;
    EXPECT_GE(pings, 1U);
    EXPECT_EQ(frame.close_code(), 4508U);
}

TEST_F(SessionTest, ASlowReaderIsToldWhatItMissesAndFindsItAgain) {
    know("good", {Resource::Tables});
    queue_.events_max = 8;
    start();
    const auto client = connect("good", 4096);
    client->ask(R"({"action":"subscribe","topic":"tables/a"})");
    std::vector<std::uint64_t> published;
    for (int i = 0; i < 300; ++i)
        published.push_back(bus_.publish(kTenant, table_event("a", 400))->seq);
    // A slow one delays nobody: another gets the last event at once.
    const auto other = connect("good");
    other->ask(R"({"action":"subscribe","topic":"tables/a"})");
    published.push_back(bus_.publish(kTenant, table_event("a"))->seq);
    EXPECT_EQ(other->next().at("seq").to_number<std::uint64_t>(), published.back());
    std::vector<std::uint64_t> got;
    std::uint64_t missed = 0;
    std::uint64_t gap_after = 0;
    while (got.empty() || got.back() != published.back()) {
        const auto frame = client->next();
        if (frame.at("type") == "nothing") return;
        if (frame.at("type") == "dropped") {
            missed += frame.at("data").at("since_last").to_number<std::uint64_t>();
            if (gap_after == 0)
                gap_after = frame.at("data").at("last_seq").to_number<std::uint64_t>();
            continue;
        }
        got.push_back(frame.at("seq").to_number<std::uint64_t>());
    }
    EXPECT_GT(missed, 0U);
    EXPECT_EQ(got.size() + missed, published.size());
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    const auto resumed = client->ask(R"({"action":"resume","topics":["tables/a"],"seq":)"
                                     + std::to_string(gap_after) + "}");
    EXPECT_EQ(resumed.at("type"), "resumed");
    EXPECT_EQ(resumed.at("data").at("complete"), true);
    const auto expected = std::count_if(published.begin(), published.end(),
                                        [&](std::uint64_t seq) { return seq > gap_after; });
    EXPECT_EQ(resumed.at("data").at("replayed").to_number<std::int64_t>(), expected);
    for (std::size_t i = published.size() - static_cast<std::size_t>(expected);
         i < published.size(); ++i) {
        EXPECT_EQ(client->next().at("seq").to_number<std::uint64_t>(), published[i]);
    }
}

TEST_F(SessionTest, AStoppingServerSaysSo) {
    know("good", {});
    start();
    const auto client = connect("good");
    const auto unknown = connect();
    fanout_->end_all();
    EXPECT_EQ(client->next_frame().close_code(), 1001U);
    EXPECT_EQ(unknown->next_frame().close_code(), 1001U);
}

}  // namespace
}  // namespace zs::ws
