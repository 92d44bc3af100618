#include "adapters/ws/session.hpp"

#include "adapters/ws/limits.hpp"
#include "core/events/fanout.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace zs::ws {

Session::Session(SessionLoop& loop, NewConnection connection)
    : loop_(loop),
      fd_(connection.fd),
      feed_(loop.fanout().join(*this)),
      pending_(std::move(connection.received)),
      head_(std::move(connection.unsent)),
      client_ip_(std::move(connection.client_ip)),
      request_id_(std::move(connection.request_id)),
      opened_at_(loop.now()),
      heard_at_(opened_at_),
      pinged_at_(opened_at_),
      progress_at_(opened_at_),
      credit_at_(opened_at_),
      credit_(static_cast<float>(config().messages_burst)) {
    if (connection.access.principal) feed_->set_access(std::move(connection.access));
}

Session::~Session() {
    feed_->leave();
    if (fd_ >= 0) ::close(fd_);
}

void Session::start() {
    const auto self = shared_from_this();
    flush();
    resume_reading();
}

void Session::cut() {
    if (phase_ == Phase::Closed) return;
    phase_ = Phase::Closed;
    feed_->leave();
    ::close(std::exchange(fd_, -1));
    loop_.remove(*this);
}

// ---- input

void Session::on_events(std::uint32_t events) {
    if (phase_ == Phase::Closed) return;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) return cut();
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) readable_ = true;
    if ((events & EPOLLOUT) != 0) {
        writable_ = true;
        flush();
    }
    read();
}

bool Session::wants_input() const {
    if (phase_ == Phase::Closed) return false;
    if (phase_ != Phase::Open) return true;
    // Whoever does not read the answers is not asked for more questions.
    const auto& outbox = feed_->outbox();
    return !busy_ && outbox.size() - outbox.events() <= limits::kUnreadAnswersMax;
}

void Session::read() {
    for (int reads = 0; readable_ && wants_input(); ++reads) {
        if (reads == limits::kReadsPerTurn) {
            boost::asio::post(loop_.io(), [self = shared_from_this()] { self->read(); });
            return;
        }
        const auto buffer = loop_.read_buffer();
        const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            readable_ = false;
            return;
        }
        if (count <= 0) return cut();
        heard_at_ = loop_.now();
        take(buffer.first(static_cast<std::size_t>(count)));
    }
}

// Takes frames out of `bytes`; what a message has to wait for is kept for later.
void Session::take(std::span<char> bytes) {
    const FrameReader::Limits sizes{config().text_bytes_max, config().binary_bytes_max};
    ClientFrame frame;
    while (phase_ != Phase::Closed && !unreadable_) {
        if (busy_) {
            pending_.append(bytes.data(), bytes.size());
            return;
        }
        const auto status = reader_.read(bytes, sizes, FrameReader::Binary::Dropped, frame);
        if (status == FrameReader::Status::NeedMore) return;
        if (status == FrameReader::Status::Failed) {
            if (reader_.close_code() == CloseCode::TooLarge && phase_ == Phase::Open) {
                refuse(too_large(std::string(reader_.problem()), "message_too_large"), nullptr);
            }
            close(reader_.close_code(), reader_.problem());
            unreadable_ = true;
            if (phase_ == Phase::Closing) linger();
            return;
        }
        on_frame(std::move(frame));
    }
}

void Session::resume_reading() {
    auto pending = std::exchange(pending_, {});
    if (!pending.empty()) take({pending.data(), pending.size()});
    read();
}

// ---- output

void Session::send_frame(std::string frame) {
    if (phase_ != Phase::Open) return;
    feed_->outbox().push(events::control_parcel(std::move(frame)));
}

void Session::flush() {
    if (phase_ == Phase::Closed) return;
    const bool was_crowded = !wants_input();
    feed_->pump();
    while (writable_ && (!head_.empty() || !feed_->outbox().empty())) {
        if (!send_some()) return cut();
        feed_->pump();
    }
    if (head_.empty() && feed_->outbox().empty()) {
        progress_at_ = loop_.now();
        if (phase_ == Phase::Lingering && !std::exchange(shut_down_, true))
            ::shutdown(fd_, SHUT_WR);
    }
    if (was_crowded && readable_ && wants_input())
        boost::asio::post(loop_.io(), [self = shared_from_this()] { self->resume_reading(); });
}

// False: the connection is gone.
bool Session::send_some() {
    auto& outbox = feed_->outbox();
    if (const auto gap = outbox.take_gap()) {
        Control control;
        control.type = "dropped";
        control.level = events::Level::Warning;
        control.message = std::to_string(gap->since_last) + " events were dropped";
        control.data["count"] = gap->count;
        control.data["since_last"] = gap->since_last;
        control.data["last_seq"] = gap->last_seq;
        outbox.push_next(events::control_parcel(control_frame(std::move(control), time())));
    }
    std::array<iovec, limits::kPartsPerWrite> parts;
    std::size_t count = 0;
    std::size_t bytes = head_.size();
    if (!head_.empty()) parts[count++] = {head_.data(), head_.size()};
    for (std::size_t i = 0; i < outbox.size() && count < parts.size(); ++i) {
        if (bytes > limits::kBytesPerWrite) break;
        const auto& each = outbox.at(i)->bytes;
        const std::size_t skip = i == 0 ? sent_of_first_ : 0;
        parts[count++] = {const_cast<char*>(each.data()) + skip, each.size() - skip};
        bytes += each.size() - skip;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) return true;
        writable_ = false;
        return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    auto left = static_cast<std::size_t>(sent);
    if (left < bytes) writable_ = false;  // the socket is full: an event tells when it is not
    if (left > 0) progress_at_ = loop_.now();
    const auto of_head = std::min(left, head_.size());
    head_.erase(0, of_head);
    left -= of_head;
    std::size_t messages = 0;
    while (left > 0) {
        const auto rest = outbox.at(0)->bytes.size() - sent_of_first_;
        if (left < rest) {
            sent_of_first_ += left;
            outbox.pin_first();
            break;
        }
        left -= rest;
        sent_of_first_ = 0;
        outbox.pop();
        ++messages;
    }
    loop_.count_out(messages);
    return true;
}

// ---- the end

void Session::close(CloseCode code, std::string_view reason) {
    if (phase_ != Phase::Open) return;
    // A client that lost its right, or does not listen, gets nothing more; others what is queued.
    if (code != CloseCode::GoingAway && code != CloseCode::Normal) feed_->outbox().clear();
    send_frame(make_close_frame(code, reason));
    phase_ = Phase::Closing;
    deadline_ = loop_.now() + limits::kCloseTime;
    feed_->leave();
    flush();
}

void Session::on_peer_close(std::string_view payload) {
    if (phase_ == Phase::Open) {
        CloseReason reason;
        parse_close(payload, reason);
        const auto code =
            reason.code == 1005 ? CloseCode::Normal : static_cast<CloseCode>(reason.code);
        close(code, {});
    }
    if (phase_ == Phase::Closing) linger();
}

void Session::linger() {
    phase_ = Phase::Lingering;
    unreadable_ = true;
    deadline_ = loop_.now() + limits::kLingerTime;
    flush();
}

void Session::on_subscription_lost(const events::TopicFilter& filter) {
    Control control;
    control.type = "unsubscribed";
    control.level = events::Level::Warning;
    control.message = "the right to listen to " + filter.text() + " is gone";
    control.data["topic"] = json_text(filter.text());
    control.data["reason"] = "permission_denied";
    answer(std::move(control));
}

void Session::on_access_lost(const Error& why) {
    if (why.code == ErrorCode::Unavailable) return close(CloseCode::GoingAway, why.message);
    close(why.code == ErrorCode::Forbidden ? CloseCode::Forbidden : CloseCode::Unauthenticated,
          why.message);
}

// ---- time

void Session::on_tick(Timestamp now) {
    switch (phase_) {
        case Phase::Closing:
        case Phase::Lingering:
            if (loop_.now() >= deadline_) cut();
            return;
        case Phase::Closed: return;
        case Phase::Open: break;
    }
    if (!feed_->knows_client()) {
        if (!busy_ && loop_.now() - opened_at_ >= config().auth_timeout)
            return close(CloseCode::Unauthenticated, "authenticate first");
    } else {
        check_expiry(now);
    }
    if (phase_ == Phase::Open) ping_or_end();
}

void Session::check_expiry(Timestamp now) {
    const auto& principal = *feed_->access().principal;
    if (now >= principal.expires_at)
        return close(CloseCode::Unauthenticated, "the credential has expired");
    if (expiry_told_ || principal.expires_at - now > limits::kExpiryNotice) return;
    expiry_told_ = true;
    Control control;
    control.type = "token_expiring";
    control.level = events::Level::Warning;
    control.message = "send auth with a new token";
    control.data["access_expires_at"] = json_text(to_rfc3339(principal.expires_at));
    answer(std::move(control));
}

void Session::ping_or_end() {
    const auto now = loop_.now();
    const auto silent_after = config().silent_after;
    const bool stuck = !feed_->outbox().empty() && now - progress_at_ >= silent_after;
    // What it sent may wait until we read again.
    const bool silent = !readable_ && now - heard_at_ >= silent_after;
    if (stuck || silent) {
        close(CloseCode::Slow, stuck ? "no byte was taken for too long" : "no pong came");
        if (phase_ == Phase::Closing) linger();
        return;
    }
    if (now - std::max(heard_at_, pinged_at_) < config().ping_every) return;
    pinged_at_ = now;
    send_frame(make_frame(Opcode::Ping, {}));
    flush();
}

}  // namespace zs::ws
