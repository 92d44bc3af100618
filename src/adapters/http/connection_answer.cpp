#include "adapters/http/connection.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <utility>

namespace zs::http {
namespace {

constexpr std::size_t kGzipBytesMin = 1024;
// Larger bodies are compressed piece by piece, so that the loop serves others in between.
constexpr std::size_t kGzipAtOnceBytesMax = 128 * 1024;
constexpr std::size_t kSliceBytes = 64 * 1024;
// Smaller bodies are copied behind their head: one write without a list of parts.
constexpr std::size_t kCopyBytesMax = 8192;
constexpr std::size_t kStreamHighBytes = 128 * 1024;
// A client that reads as fast as the source makes does not keep the loop for itself.
constexpr std::uint64_t kBytesPerTurn = 1 << 20;
constexpr std::uint64_t kUnreadBytesMax = 256 * 1024;
constexpr std::chrono::seconds kDrainTime{5};

bool has_no_body(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

// A finished body in slices.
class StringSource final : public BodySource {
public:
    explicit StringSource(std::string body) : body_(std::move(body)) {}
    async::Task<Result<bool>> next(std::string& piece) override {
        // Others on this loop go first.
        co_await boost::asio::post(boost::asio::use_awaitable);
        piece = body_.substr(at_, kSliceBytes);
        at_ += piece.size();
        co_return !piece.empty();
    }

private:
    std::string body_;
    std::size_t at_ = 0;
};

// The message of what was thrown; called in a catch block.
std::string current_exception_text() {
    try {
        throw;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

bool has_header(const Response& response, std::string_view name) {
    for (const auto& header : response.headers) {
        if (equals_ignoring_case(header.name, name)) return true;
    }
    return false;
}

std::string allow_list(const std::vector<Method>& methods) {
    std::string list;
    for (const auto method : methods) {
        if (!list.empty()) list += ", ";
        list += to_text(method);
    }
    return list;
}

}  // namespace

// ---- the checks, in the order of http-api.md section 1.1

void Connection::handle() {
    auto& head = exchange_.head;
    if (head.target.form == Target::Form::Asterisk) return respond_options();
    if (auto checked = exchange_.check_route_and_body(); !checked) {
        const bool options = head.method == Method::Options && !exchange_.match.allowed.empty();
        return options ? respond_options() : respond(checked.error());
    }
    const auto& route = *exchange_.match.route;
    const auto found = exchange_.find_credential();
    if (!found) return respond(found.error());
    const bool looks = route.options.needs.credential != Needs::Credential::None;
    identity::PrincipalPtr principal;
    if (looks && !found->empty()) {
        principal = core_.credentials.try_cached(*found, exchange_.client_ip());
        if (!principal) return spawn(Start::Authenticate, {});
    }
    const auto admitted = exchange_.admit(std::move(principal), false, core_.limiter, loop_->now());
    if (!admitted) return respond(admitted.error());
    if (route.plain_handler) return answer_plainly(route);
    spawn(Start::Call, {});
}

void Connection::answer_plainly(const Route& route) {
    Result<Response> result = internal_error("the handler threw");
    try {
        result = route.plain_handler(exchange_);
    } catch (...) {
        result = internal_error(current_exception_text());
    }
    if (result && wants_stream(*result)) return spawn(Start::Stream, std::move(*result));
    respond(std::move(result));
}

void Connection::spawn(Start start, Response ready) {
    running_ = true;
    core_.running.fetch_add(1);
    core_.in_flight.add(1);
    progress_at_ = loop_->now();
    auto ended = [](const std::exception_ptr& failure) {
        if (failure) log::error("a request's coroutine threw; run() should have caught it");
    };
    boost::asio::co_spawn(loop_->io().get_executor(),
                          run(shared_from_this(), start, std::move(ready)), std::move(ended));
}

async::Task<> Connection::run(std::shared_ptr<Connection> self, Start start, Response ready) {
    Result<Response> result = internal_error("the handler threw");
    Result<bool> streamed = false;
    bool streaming = false;
    try {
        if (start == Start::Stream) {
            result = std::move(ready);
        } else {
            result = co_await self->answer(start);
        }
        streaming = result && self->wants_stream(*result);
        if (streaming) streamed = co_await self->stream(std::move(*result));
    } catch (...) {
        const auto error = internal_error(current_exception_text());
        result = error;
        streamed = error;
    }
    self->leave_handler();
    if (self->phase_ != Phase::Handling) co_return;  // the client left, or the server gave up
    if (!streaming) {
        self->respond(std::move(result));
    } else if (streamed && *streamed) {
        self->finish_request();
    } else if (!streamed && !self->head_sent_) {
        self->respond(streamed.error());
    } else {
        if (!streamed) {
            const auto& error = streamed.error();
            log::error("an answer broke off",
                       {{"request_id", self->exchange_.request_id()}, {"error", error.message}});
        }
        self->close();
    }
}

void Connection::leave_handler() {
    running_ = false;
    core_.in_flight.add(-1);
    core_.running.fetch_sub(1);
    if (phase_ == Phase::Closed && space_) loop_->give_back(std::move(space_));
}

async::Task<Result<Response>> Connection::answer(Start start) {
    if (start == Start::Authenticate) {
        auto admitted = co_await authenticate();
        if (!admitted) co_return admitted.error();
    }
    const auto& route = *exchange_.match.route;
    if (route.plain_handler) co_return route.plain_handler(exchange_);
    co_return co_await route.handler(exchange_);
}

async::Task<Result<void>> Connection::authenticate() {
    const auto credential = exchange_.find_credential();
    auto principal = co_await core_.credentials.authenticate(std::string(*credential),
                                                             std::string(exchange_.client_ip()));
    const bool bad = !principal;
    if (bad && principal.error().code != ErrorCode::Unauthenticated
        && principal.error().code != ErrorCode::Forbidden) {
        co_return principal.error();  // we could not find out
    }
    auto admitted = exchange_.admit(bad ? nullptr : *principal, bad, core_.limiter, loop_->now());
    const bool required =
        exchange_.match.route->options.needs.credential == Needs::Credential::Required;
    // What the check said tells more than our own 401; a used-up budget comes first.
    if (bad && required && exchange_.rate().allowed) co_return principal.error();
    co_return admitted;
}

// ---- answers

bool Connection::wants_gzip(const Response& response) const {
    if (!response.compressible || response.status == 206 || has_no_body(response.status))
        return false;
    if (!response.source && response.body.size() < kGzipBytesMin) return false;
    return is_compressible_type(response.content_type) && !has_header(response, "Content-Encoding");
}

bool Connection::wants_stream(const Response& response) const {
    if (exchange_.head.method == Method::Head) return false;
    if (response.source) return true;
    return response.body.size() > kGzipAtOnceBytesMax && wants_gzip(response)
           && accepts_gzip(exchange_.head.get(Known::AcceptEncoding));
}

// Decides once, when the head is written. A body that nobody read is read here as far as it has
// come.
bool Connection::may_keep_alive() {
    const auto& head = exchange_.head;
    auto& body = exchange_.request_body();
    if (exchange_.malformed || !head.keep_alive || core_.stopping || running_) return false;
    if (body.complete()) return true;
    if (body.failed() || (head.expect_continue && !continue_sent_)) return false;
    std::string unwanted;
    while (!body.complete() && discarded_ <= kUnreadBytesMax) {
        unwanted.clear();
        if (body.pull(unwanted) != RequestBody::Pull::Data) break;
        discarded_ += unwanted.size();
    }
    const auto left = body.left();
    return left && *left <= kUnreadBytesMax;
}

HeadContext Connection::head_context(const Response& response) const {
    HeadContext context;
    context.date = loop_->date();
    context.request_id = exchange_.request_id();
    context.minor_version = exchange_.head.minor_version;
    context.keep_alive = keep_alive_;
    context.rate = exchange_.rate();
    context.cors_origin = exchange_.cors_origin();
    context.vary_origin = core_.cors.varies();
    context.vary_encoding = wants_gzip(response);
    const auto hsts = core_.config.hsts;
    context.hsts = hsts == ServerConfig::Hsts::Always
                   || (hsts == ServerConfig::Hsts::Auto && exchange_.is_secure());
    const auto* route = exchange_.match.route;
    context.no_store = route != nullptr
                       && (route->options.no_store || exchange_.principal()
                           || route->options.needs.credential == Needs::Credential::Required);
    return context;
}

void Connection::respond(Result<Response> result) {
    if (phase_ != Phase::Handling || head_sent_) return;
    if (result) return send(std::move(*result));
    const auto& error = result.error();
    if (error.code == ErrorCode::Internal || error.code == ErrorCode::DataLoss) {
        log::error("request failed",
                   {{"request_id", exchange_.request_id()}, {"error", error.message}});
    }
    auto response = error_response(error, exchange_.request_id());
    if (response.status == 405 && !exchange_.match.allowed.empty()) {
        response.with("Allow", allow_list(exchange_.match.allowed));
    }
    send(std::move(response));
}

void Connection::respond_options() {
    auto response = no_content();
    const auto& allowed = exchange_.match.allowed;
    response.with("Allow", allowed.empty() ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
                                           : allow_list(allowed));
    send(std::move(response));
}

void Connection::send(Response response) {
    const bool is_head = exchange_.head.method == Method::Head;
    if (response.source && !is_head) {  // a plain way to a streamed answer does not exist
        return respond(internal_error("a streamed answer outside a coroutine"));
    }
    if (response.take_over) return upgrade(std::move(response));
    keep_alive_ = may_keep_alive();
    auto context = head_context(response);
    context.gzip = context.vary_encoding && !response.source
                   && response.body.size() <= kGzipAtOnceBytesMax
                   && accepts_gzip(exchange_.head.get(Known::AcceptEncoding));
    if (context.gzip) {
        std::string packed;
        GzipDeflater().deflate(response.body, packed, GzipDeflater::Mode::Finish);
        response.body = std::move(packed);
    }
    context.length = response.source_length.value_or(response.body.size());
    const bool unknown_length = response.source != nullptr && !response.source_length;
    context.framing =
        has_no_body(response.status) || unknown_length ? Framing::Nothing : Framing::Length;
    context.preflight = exchange_.head.method == Method::Options
                        && exchange_.head.find("access-control-request-method") != nullptr;
    auto& out = socket_.output();
    append_head(out, response, context);
    head_sent_ = true;
    status_ = response.status;
    if (!is_head && context.framing == Framing::Length) {
        body_bytes_sent_ = response.body.size();
        if (response.body.size() <= kCopyBytesMax) {
            out += response.body;
        } else {
            socket_.append_owned(std::move(response.body));
        }
    }
    finish_request();
}

void Connection::upgrade(Response response) {
    const auto& head = exchange_.head;
    if (core_.stopping) return respond(unavailable("the server is stopping"));
    if (head.minor_version == 0 || head.has_body() || head.method == Method::Head) {
        return respond(
            invalid_argument("an upgrade is a GET of HTTP/1.1 without a body", "upgrade_required"));
    }
    auto take_over = std::move(response.take_over);
    auto context = head_context(response);
    context.framing = Framing::Nothing;
    context.keep_alive = true;
    append_head(socket_.output(), response, context);
    head_sent_ = true;
    status_ = response.status;
    count_request();
    flush_output();
    loop_->unwatch(socket_.fd());
    std::string unsent;
    UpgradedSocket socket(socket_.release(unsent), loop_->io());
    socket.received.assign(space_->buffer.get() + read_at_, end_ - read_at_);
    socket.unsent = std::move(unsent);
    forget();
    take_over(std::move(socket));
}

// Sends pieces until the source ends. True: all is handed to the socket. False: the client is gone.
async::Task<Result<bool>> Connection::stream(Response response) {
    const bool gzip =
        wants_gzip(response) && accepts_gzip(exchange_.head.get(Known::AcceptEncoding));
    auto source = std::move(response.source);
    if (!source) source = std::make_unique<StringSource>(std::move(response.body));
    const bool sized = response.source_length && !gzip;
    const auto framing = sized                               ? Framing::Length
                         : exchange_.head.minor_version == 0 ? Framing::UntilClose
                                                             : Framing::Chunked;
    std::optional<GzipDeflater> deflater;
    if (gzip) deflater.emplace();
    std::uint64_t turn_began_at = 0;
    while (true) {
        std::string piece;
        auto more = co_await source->next(piece);
        if (phase_ != Phase::Handling) co_return false;
        if (!more) co_return more.error();
        progress_at_ = loop_->now();
        if (sized && body_bytes_sent_ + piece.size() > *response.source_length) {
            co_return internal_error("a source gave more bytes than it had announced");
        }
        if (!head_sent_) begin_stream(response, framing, gzip);
        if (deflater) {
            std::string packed;
            deflater->deflate(piece, packed,
                              *more ? GzipDeflater::Mode::Flush : GzipDeflater::Mode::Finish);
            piece = std::move(packed);
        }
        append_piece(std::move(piece), framing);
        if (!*more) break;
        if (body_bytes_sent_ - turn_began_at > kBytesPerTurn) {
            turn_began_at = body_bytes_sent_;
            co_await give_way();
            if (phase_ != Phase::Handling) co_return false;
        }
        if (flush_output()) continue;
        if (socket_.broken()) co_return false;
        if (socket_.unsent() < kStreamHighBytes) continue;
        auto sent = co_await wait_output();
        if (!sent || phase_ != Phase::Handling || socket_.broken()) co_return false;
    }
    if (sized && body_bytes_sent_ < *response.source_length) {
        co_return internal_error("a source ended before the length it had announced");
    }
    if (framing == Framing::Chunked) socket_.output() += "0\r\n\r\n";
    co_return true;
}

void Connection::begin_stream(const Response& response, Framing framing, bool gzip) {
    const bool was_running = std::exchange(running_, false);
    // A body that the source still reads must not be discarded here.
    keep_alive_ = !response.source_reads_body && may_keep_alive() && framing != Framing::UntilClose;
    running_ = was_running;
    auto context = head_context(response);
    context.framing = framing;
    context.length = response.source_length.value_or(0);
    context.gzip = gzip;
    context.vary_encoding = context.vary_encoding || gzip;
    append_head(socket_.output(), response, context);
    head_sent_ = true;
    status_ = response.status;
}

void Connection::append_piece(std::string piece, Framing framing) {
    if (piece.empty()) return;
    body_bytes_sent_ += piece.size();
    auto& out = socket_.output();
    if (framing == Framing::Chunked)
        fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
    if (piece.size() <= kCopyBytesMax) {
        out += piece;
    } else {
        socket_.append_owned(std::move(piece));
    }
    if (framing == Framing::Chunked) socket_.output() += "\r\n";
}

void Connection::count_request() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - exchange_.started;
    loop_->request_metrics().count(exchange_.match.route, exchange_.head.method, status_,
                                   took.count());
    if (core_.config.access_log && log::enabled(log::Level::Info)) log_access(took.count());
    served_any_ = true;
}

void Connection::finish_request() {
    count_request();
    if (!keep_alive_) {
        phase_ = Phase::Closing;
    } else if (!exchange_.request_body().complete()) {
        phase_ = Phase::Draining;
        deadline_ = loop_->now() + kDrainTime;
    } else {
        next_request();
    }
    advance();
}

void Connection::log_access(double seconds) const {
    using boost::json::value;
    const auto& principal = exchange_.principal();
    const auto* route = exchange_.match.route;
    const auto trace = exchange_.head.get(Known::Traceparent);
    const auto path = exchange_.path();
    log::info(
        "request",
        {{"method", exchange_.malformed ? "-" : exchange_.head.method_text},
         {"route", route == nullptr ? std::string_view("-") : std::string_view(route->pattern)},
         {"path", exchange_.malformed ? std::string_view("-") : path},
         {"status", value(status_)},
         {"bytes", value(body_bytes_sent_)},
         {"duration_ms", value(std::round(seconds * 1e6) / 1e3)},
         {"client_ip", exchange_.client_ip()},
         {"user_id", principal ? json_text(principal->user_id.to_string()) : value(nullptr)},
         {"request_id", exchange_.request_id()},
         {"traceparent", trace.empty() ? value(nullptr) : json_text(trace)}});
}

}  // namespace zs::http
