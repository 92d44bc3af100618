#pragma once

#include "adapters/http/exchange.hpp"
#include "adapters/http/loop.hpp"
#include "adapters/http/response_head.hpp"
#include "adapters/http/socket_stream.hpp"
#include "async/completion.hpp"

#include <memory>
#include <optional>

namespace zs::http {

// What a connection needs while it has a request: the read buffer and the exchange. An idle one
// gives it back, so that thousands of idle connections cost little.
struct Workspace {
    explicit Workspace(std::size_t capacity);
    std::unique_ptr<char[]> buffer;
    std::size_t capacity;
};

// One client. Reads a request, answers it, reads the next; a handler that has to wait runs as a
// coroutine meanwhile, and nothing more is read than it asks for.
// Lifetime: its loop owns it until it is closed; a running handler keeps it longer.
// Threading: its loop.
class Connection final : public std::enable_shared_from_this<Connection> {
public:
    using TimePoint = Loop::TimePoint;

    Connection(std::shared_ptr<Loop> loop, int fd, const IpAddress& peer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // ---- for the loop
    int fd() const { return socket_.fd(); }
    void on_events(std::uint32_t events);
    void on_tick();
    void on_stop();  // the server stops: go when there is nothing left to answer
    void cut();
    std::size_t index = 0;  // in the loop's list

    // ---- for the body
    std::string_view buffered() const;
    void consume(std::size_t count) { read_at_ += count; }
    bool can_receive() const { return socket_.readable(); }
    SocketStream::Io receive_into(char* to, std::size_t size, std::size_t& got);
    SocketStream::Io receive_more();         // into the buffer
    async::Task<> give_way();                // lets others on this loop have their turn
    async::Task<Result<void>> wait_input();  // until there is more, or there will not be

private:
    enum class Phase {
        Head,       // reads a request, or waits for one
        Handling,   // a handler makes the answer
        Draining,   // the rest of a body that nobody wanted
        Closing,    // sends what is left, then closes
        Lingering,  // all is sent; reads on, because unread bytes would reset the connection
        Closed,
    };
    using Waiter = async::Completion<Result<void>>;
    using Framing = HeadContext::Framing;

    // connection.cpp: from bytes to requests, and what follows an answer. advance() does what can
    // be done now; the others are its steps and answer whether another one follows at once.
    void advance();
    bool read_request();
    bool read_more();
    bool drain_body();
    bool finish_closing();
    bool linger();
    bool rest();
    void begin_request();
    void refuse_head(Error error);
    void next_request();
    bool flush_output();  // false: something is left
    void close();
    void forget();
    void abandon(Error error);
    void wake(Result<void> outcome);
    std::size_t head_room_end() const;
    void handling_tick();
    bool body_is_too_slow();
    async::Task<Result<void>> wait_output();  // until the client took everything

    // connection_answer.cpp: from requests to answers
    enum class Start { Authenticate, Call, Stream };
    void handle();
    void answer_plainly(const Route& route);
    void spawn(Start start, Response ready);
    static async::Task<> run(std::shared_ptr<Connection> self, Start start, Response ready);
    async::Task<Result<Response>> answer(Start start);
    async::Task<Result<void>> authenticate();
    async::Task<Result<bool>> stream(Response response);
    void begin_stream(const Response& response, Framing framing, bool gzip);
    void append_piece(std::string piece, Framing framing);
    void leave_handler();
    void respond(Result<Response> result);
    void respond_options();
    void send(Response response);
    void upgrade(Response response);
    void count_request();
    void finish_request();
    bool wants_gzip(const Response& response) const;
    bool wants_stream(const Response& response) const;
    HeadContext head_context(const Response& response) const;
    bool may_keep_alive();
    void log_access(double seconds) const;

    std::shared_ptr<Loop> loop_;
    ServerCore& core_;
    SocketStream socket_;
    IpAddress peer_;
    std::string peer_text_;
    Phase phase_ = Phase::Head;
    Exchange exchange_;
    HeadParser parser_;
    std::unique_ptr<Workspace> space_;
    std::size_t begin_ = 0;    // of the current request in the buffer
    std::size_t read_at_ = 0;  // next byte of its body, or of the next request
    std::size_t end_ = 0;      // of what was received

    bool advancing_ = false;
    bool resting_ = true;        // waits for the first byte of a request
    bool head_started_ = false;  // some of it came
    bool served_any_ = false;
    bool keep_alive_ = true;
    bool head_sent_ = false;
    bool running_ = false;  // a handler's coroutine lives
    bool continue_sent_ = false;
    bool blocked_ = false;  // the client takes no more output for now
    unsigned status_ = 0;
    std::uint64_t body_bytes_sent_ = 0;
    std::uint64_t discarded_ = 0;

    std::optional<Waiter> waiter_;
    enum class WaitsFor { Nothing, Input, Output } waits_for_ = WaitsFor::Nothing;

    TimePoint deadline_;     // of the phase
    TimePoint progress_at_;  // of the handler
    TimePoint sent_at_;      // the client last took bytes
    TimePoint body_wait_since_;
    Loop::TimePoint::duration body_waited_{0};
    std::uint64_t body_received_ = 0;  // in body_waited_
};

}  // namespace zs::http
