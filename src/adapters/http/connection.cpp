#include "adapters/http/connection.hpp"

#include "base/assert.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cstring>

namespace zs::http {
namespace {

// Answers to pipelined requests wait for each other up to here.
constexpr std::size_t kOutputHighBytes = 64 * 1024;
// Heads leave this much of the buffer to the body behind them.
constexpr std::size_t kBodyRoomBytes = 4096;
// The rest of an unwanted body is read rather than closing the connection, up to here.
constexpr std::uint64_t kDiscardBytesMax = 256 * 1024;
// A client in the middle of an upload reads the answer only when it has sent everything, or notices
// that nobody takes its bytes: closing at once would cost it the answer.
constexpr std::chrono::seconds kLingerTime{5};
constexpr std::uint64_t kLingerBytesMax = 256 << 20;
constexpr std::uint64_t kBodyBytesPerSecondMin = 1024;
// After so many steps others on this loop have their turn.
constexpr int kStepsPerTurn = 256;

Error request_timeout(std::string message) {
    auto error = deadline_exceeded(std::move(message));
    error.reason = "request_timeout";
    return error;
}

HeadLimits head_limits(const ServerLimits& limits) {
    return {limits.request_line_bytes_max, limits.header_bytes_max, limits.header_fields_max};
}

Error head_error(HeadParser::Status status, const HeadParser& parser) {
    switch (status) {
        case HeadParser::Status::LineTooLong:
            return too_large("the request line is too long", "uri_too_long");
        case HeadParser::Status::TooLarge:
            return too_large("the header is too large", "headers_too_large");
        case HeadParser::Status::UnknownCoding:
            return invalid_argument("the only transfer coding known here is chunked",
                                    "transfer_coding_unknown");
        case HeadParser::Status::UnknownVersion:
            return invalid_argument("this server speaks HTTP/1.1", "http_version_not_supported");
        case HeadParser::Status::UnknownExpectation:
            return invalid_argument("the only expectation known here is 100-continue",
                                    "expectation_failed");
        case HeadParser::Status::Bad:
        case HeadParser::Status::Complete:
        case HeadParser::Status::NeedMore: break;
    }
    return invalid_argument(std::string(parser.problem()));
}

}  // namespace

Workspace::Workspace(std::size_t size) : buffer(new char[size]), capacity(size) {}

Connection::Connection(std::shared_ptr<Loop> loop, int fd, const IpAddress& peer)
    : loop_(std::move(loop)),
      core_(loop_->core()),
      socket_(fd),
      peer_(peer),
      peer_text_(peer.to_string()),
      exchange_(*this, core_),
      parser_(head_limits(core_.config.limits)),
      deadline_(loop_->now() + core_.config.limits.header_timeout) {
    core_.connections.add(1);
    core_.alive.fetch_add(1);
}

Connection::~Connection() {
    if (phase_ != Phase::Closed) {
        socket_.close();
        core_.caps.release(peer_);
        core_.connections.add(-1);
    }
    core_.alive.fetch_sub(1);
    if (core_.stopping) core_.notify();
}

void Connection::close() {
    if (phase_ == Phase::Closed) return;
    socket_.close();
    forget();
}

void Connection::forget() {
    phase_ = Phase::Closed;
    core_.caps.release(peer_);
    core_.connections.add(-1);
    wake(unavailable("the connection is closed"));
    if (!running_ && space_) loop_->give_back(std::move(space_));
    loop_->remove(*this);
}

void Connection::abandon(Error error) {
    exchange_.request_stop();
    wake(std::move(error));
    close();
}

void Connection::on_events(std::uint32_t events) {
    socket_.note_events(events);
    if (phase_ != Phase::Handling) return advance();
    flush_output();
    if (waits_for_ == WaitsFor::Input && socket_.readable()) wake({});
    if (waits_for_ == WaitsFor::Output && (socket_.broken() || socket_.unsent() == 0)) wake({});
    if (socket_.peer_finished()) exchange_.request_stop();
}

void Connection::advance() {
    if (advancing_) return;  // a handler that ended at once is back in the loop below
    advancing_ = true;
    bool again = true;
    int steps = 0;
    for (; again && steps < kStepsPerTurn; ++steps) {
        switch (phase_) {
            case Phase::Head: again = read_request(); break;
            case Phase::Draining: again = drain_body(); break;
            case Phase::Closing: again = finish_closing(); break;
            case Phase::Lingering: again = linger(); break;
            case Phase::Handling:
            case Phase::Closed: again = false; break;
        }
    }
    advancing_ = false;
    if (again) boost::asio::post(loop_->io(), [self = shared_from_this()] { self->advance(); });
    // Answers to earlier pipelined requests do not wait for a slow handler.
    if (again || phase_ == Phase::Handling) flush_output();
}

bool Connection::flush_output() {
    const std::size_t before = socket_.unsent();
    if (before == 0) return true;
    const auto io = socket_.flush();
    if (io == SocketStream::Io::Done) {
        blocked_ = false;
        return true;
    }
    if (!blocked_ || socket_.unsent() < before) sent_at_ = loop_->now();
    blocked_ = true;
    return false;
}

bool Connection::read_request() {
    if (socket_.unsent() > kOutputHighBytes && !flush_output()) {
        if (socket_.broken()) close();
        return false;
    }
    if (begin_ < end_) {
        const std::string_view received(space_->buffer.get() + begin_, end_ - begin_);
        const auto status = parser_.parse(received, exchange_.head);
        if (status == HeadParser::Status::Complete) {
            begin_request();
            return true;
        }
        if (status != HeadParser::Status::NeedMore) {
            refuse_head(head_error(status, parser_));
            return true;
        }
        if (!head_started_) {
            head_started_ = true;
            deadline_ = loop_->now() + core_.config.limits.header_timeout;
        }
    }
    if (!flush_output()) {
        if (socket_.broken()) close();
        return false;
    }
    return read_more();
}

bool Connection::read_more() {
    if (!socket_.readable()) return rest();
    if (!space_) space_ = loop_->take_workspace();
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (end_ >= head_room_end()) {
        ZS_ASSERT(begin_ > 0);  // the parser's limits are below the capacity
        std::memmove(space_->buffer.get(), space_->buffer.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        parser_.reset();
    }
    std::size_t got = 0;
    switch (socket_.receive(space_->buffer.get() + end_, head_room_end() - end_, got)) {
        case SocketStream::Io::Done:
            end_ += got;
            resting_ = false;
            return true;
        case SocketStream::Io::Blocked: return rest();
        case SocketStream::Io::Closed: close(); return false;
    }
    return false;
}

// Nothing to read: an idle connection gives its buffer back.
bool Connection::rest() {
    if (begin_ != end_) return false;
    if (core_.stopping) {
        close();
        return false;
    }
    if (space_) loop_->give_back(std::move(space_));
    begin_ = end_ = 0;
    if (!resting_) deadline_ = loop_->now() + core_.config.limits.idle_timeout;
    resting_ = true;
    return false;
}

void Connection::begin_request() {
    phase_ = Phase::Handling;
    head_started_ = false;
    head_sent_ = false;
    continue_sent_ = false;
    keep_alive_ = true;
    body_bytes_sent_ = 0;
    discarded_ = 0;
    body_received_ = 0;
    body_waited_ = {};
    read_at_ = begin_ + exchange_.head.size;
    exchange_.started = std::chrono::steady_clock::now();
    exchange_.begin(peer_, peer_text_, loop_->request_ids(), loop_->unix_millis());
    handle();
}

void Connection::refuse_head(Error error) {
    const std::size_t unread_from = begin_;
    exchange_.malformed = true;
    exchange_.head.size = 0;
    exchange_.head.chunked = false;
    exchange_.head.content_length.reset();
    phase_ = Phase::Handling;
    head_started_ = false;
    head_sent_ = false;
    read_at_ = unread_from;
    exchange_.started = std::chrono::steady_clock::now();
    exchange_.begin(peer_, peer_text_, loop_->request_ids(), loop_->unix_millis());
    respond(std::move(error));
}

void Connection::next_request() {
    phase_ = Phase::Head;
    begin_ = read_at_;
    parser_.reset();
    exchange_.clear();
}

bool Connection::drain_body() {
    std::string unwanted;
    while (true) {
        unwanted.clear();
        const auto pulled = exchange_.request_body().pull(unwanted);
        discarded_ += unwanted.size();
        if (exchange_.request_body().complete()) {
            next_request();
            return true;
        }
        if (pulled == RequestBody::Pull::NeedInput) {
            if (!flush_output() && socket_.broken()) close();
            return false;
        }
        if (pulled != RequestBody::Pull::Data || discarded_ > kDiscardBytesMax) {
            phase_ = Phase::Closing;
            return true;
        }
    }
}

bool Connection::finish_closing() {
    if (!flush_output()) {
        if (socket_.broken()) close();
        return false;
    }
    const bool all_read =
        read_at_ == end_ && exchange_.request_body().complete() && !socket_.readable();
    if (all_read || socket_.broken()) {
        close();
        return false;
    }
    socket_.shutdown_output();
    phase_ = Phase::Lingering;
    deadline_ = loop_->now() + kLingerTime;
    return true;
}

bool Connection::linger() {
    std::array<char, 16384> unwanted;
    std::size_t got = 0;
    const auto io = socket_.receive(unwanted.data(), unwanted.size(), got);
    if (io == SocketStream::Io::Blocked) return false;
    discarded_ += got;
    if (io != SocketStream::Io::Closed && discarded_ <= kLingerBytesMax) return true;
    close();
    return false;
}

void Connection::on_tick() {
    const auto now = loop_->now();
    const auto& limits = core_.config.limits;
    if (blocked_ && socket_.unsent() > 0 && now - sent_at_ > limits.write_timeout) {
        return abandon(unavailable("the client takes no more of the answer"));
    }
    switch (phase_) {
        case Phase::Head:
            if (now < deadline_ || blocked_) return;
            if (!head_started_) return close();
            refuse_head(request_timeout("the request's header took too long"));
            return advance();
        case Phase::Handling: return handling_tick();
        case Phase::Draining:
        case Phase::Lingering:
            if (now >= deadline_) close();
            return;
        case Phase::Closing:
        case Phase::Closed: return;
    }
}

void Connection::handling_tick() {
    if (waits_for_ == WaitsFor::Input) {
        if (body_is_too_slow()) wake(request_timeout("the request's body comes too slowly"));
        return;
    }
    if (waits_for_ == WaitsFor::Output || !running_) return;
    if (loop_->now() - progress_at_ < core_.config.limits.handler_timeout) return;
    exchange_.request_stop();
    if (head_sent_) return close();
    respond(deadline_exceeded("the server gave up on the request"));
}

bool Connection::body_is_too_slow() {
    const auto timeout = core_.config.limits.body_timeout;
    const auto waited = body_waited_ + (loop_->now() - body_wait_since_);
    if (waited < timeout) return false;
    const auto expected =
        kBodyBytesPerSecondMin * static_cast<std::uint64_t>(timeout.count()) / 1000;
    if (body_received_ < expected) return true;
    body_received_ = 0;
    body_waited_ = {};
    body_wait_since_ = loop_->now();
    return false;
}

void Connection::on_stop() {
    if (phase_ == Phase::Head) advance();
}

void Connection::cut() {
    abandon(unavailable("the server is stopping"));
}

// ---- for the body

std::string_view Connection::buffered() const {
    return {space_->buffer.get() + read_at_, end_ - read_at_};
}

SocketStream::Io Connection::receive_into(char* to, std::size_t size, std::size_t& got) {
    const auto io = socket_.receive(to, size, got);
    body_received_ += got;
    progress_at_ = loop_->now();
    return io;
}

// Heads are read up to here only, so that a body always finds room behind the last one.
std::size_t Connection::head_room_end() const {
    return space_->capacity - kBodyRoomBytes;
}

SocketStream::Io Connection::receive_more() {
    // The head stays where it is; behind it the buffer serves the body again and again.
    if (read_at_ == end_) read_at_ = end_ = begin_ + exchange_.head.size;
    if (end_ == space_->capacity) {
        // What the decoder has not taken yet moves up; heads leave room, so there is some.
        const std::size_t body = begin_ + exchange_.head.size;
        std::memmove(space_->buffer.get() + body, space_->buffer.get() + read_at_, end_ - read_at_);
        end_ -= read_at_ - body;
        read_at_ = body;
        if (end_ == space_->capacity) return SocketStream::Io::Closed;
    }
    std::size_t got = 0;
    const auto io = receive_into(space_->buffer.get() + end_, space_->capacity - end_, got);
    end_ += got;
    return io;
}

async::Task<Result<void>> Connection::wait_input() {
    if (phase_ != Phase::Handling) co_return unavailable("the connection is closed");
    if (socket_.readable()) co_return Result<void>();
    if (exchange_.head.expect_continue && !continue_sent_) {
        continue_sent_ = true;
        socket_.output() += "HTTP/1.1 100 Continue\r\n\r\n";
        flush_output();
    }
    waits_for_ = WaitsFor::Input;
    body_wait_since_ = loop_->now();
    auto start = [this](Waiter done) { waiter_.emplace(std::move(done)); };
    co_return co_await async::wait_for<Result<void>>(std::move(start));
}

async::Task<Result<void>> Connection::wait_output() {
    if (phase_ != Phase::Handling) co_return unavailable("the connection is closed");
    waits_for_ = WaitsFor::Output;
    auto start = [this](Waiter done) { waiter_.emplace(std::move(done)); };
    co_return co_await async::wait_for<Result<void>>(std::move(start));
}

async::Task<> Connection::give_way() {
    co_await boost::asio::post(boost::asio::use_awaitable);
}

void Connection::wake(Result<void> outcome) {
    if (!waiter_) return;
    const auto now = loop_->now();
    if (waits_for_ == WaitsFor::Input) body_waited_ += now - body_wait_since_;
    waits_for_ = WaitsFor::Nothing;
    progress_at_ = now;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    waiter.complete(std::move(outcome));
}

}  // namespace zs::http
