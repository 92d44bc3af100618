#pragma once

#include "adapters/http/upgrade.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "base/unique_function.hpp"
#include "core/identity/principal.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };
std::string_view to_text(Method method) noexcept;  // "GET", …

// Reads a request body piece by piece, decoded (Content-Encoding, chunks). The socket is read only
// when the caller asks: a slow consumer slows the client down.
class BodyReader {
public:
    virtual ~BodyReader() = default;
    // The next bytes, at least one; nullopt at the end. Errors: TooLarge beyond the route's limit,
    // "compression_ratio"; InvalidArgument for broken gzip; DeadlineExceeded "request_timeout" for
    // a client that stalls; Unavailable when the client went away.
    virtual async::Task<Result<std::optional<std::string>>> read() = 0;
};

// What the request line and the header say.
class RequestHeader {
public:
    virtual ~RequestHeader() = default;

    virtual Method method() const = 0;
    virtual std::string_view path() const = 0;  // as sent, without the query
    // The value of `{name}` in the route's pattern, percent-decoded.
    virtual std::string_view path_param(std::string_view name) const = 0;
    // The first value of a query parameter, percent-decoded ('+' is a blank).
    virtual std::optional<std::string> query(std::string_view name) const = 0;
    // Header names are compared without case. The first value.
    virtual std::optional<std::string_view> header(std::string_view name) const = 0;
    // The query as sent, without '?': part of what an Idempotency-Key stands for, and of links.
    virtual std::string_view raw_query() const { return {}; }
};

// One request, with everything a handler needs. Lives until the response has been sent.
// Threading: the connection's loop only, but for stop_token()'s result, which any thread may ask.
class Request : public RequestHeader {
public:
    virtual std::string_view client_ip() const = 0;  // behind a listed proxy: the forwarded one
    virtual bool is_secure() const = 0;              // TLS, here or at a listed proxy
    virtual std::string_view request_id() const = 0;
    // Null on public routes without a credential, and on optional ones with a bad credential.
    virtual const identity::PrincipalPtr& principal() const = 0;
    virtual BodyReader& body() = 0;
    // Stop is requested when the client closes its side of the connection or the server gives up on
    // the request.
    virtual std::stop_token stop_token() const = 0;
};

// The whole body. Errors: as BodyReader.
async::Task<Result<std::string>> read_all(Request& request);
// The whole body as JSON. Errors: also "unsupported_media_type" and "invalid_json"; an empty body
// is an empty object when `allow_empty`.
async::Task<Result<boost::json::value>> read_json(Request& request);
async::Task<Result<boost::json::value>> read_json_or_empty(Request& request);
// An integer query parameter in [min, max]. Errors: InvalidArgument naming the parameter.
Result<std::int64_t> query_integer(const Request& request, std::string_view name,
                                   std::int64_t fallback, std::int64_t min, std::int64_t max);

// A response body that is made while it is sent. The server asks for the next piece when the socket
// has taken the last: memory stays bounded by one piece.
class BodySource {
public:
    virtual ~BodySource() = default;
    // Replaces `piece`; false at the end. An error instead of the first piece becomes the answer; a
    // later one closes the connection without the final chunk, so that the client notices.
    virtual async::Task<Result<bool>> next(std::string& piece) = 0;
};

struct Header {
    std::string name;
    std::string value;
};

// An answer. The server adds what every answer carries (request id, security headers, date,
// length).
struct Response {
    unsigned status = 200;
    std::string content_type;  // empty: no body expected
    std::vector<Header> headers;
    std::string body;
    std::unique_ptr<BodySource> source;  // instead of `body`: sent chunked
    // What the source will give in all, when that is known: sent as Content-Length, also for HEAD,
    // where no source is needed. A source that gives another number of bytes breaks the answer off.
    std::optional<std::uint64_t> source_length = {};
    bool source_reads_body = false;            // the source reads the request's body as it goes
    std::optional<std::string> cache_control;  // default: no-store on authenticated routes
    bool compressible = true;                  // text types only, from 1 KiB on
    // With status 101: called on the connection's loop once the answer's head is on its way. A
    // request that cannot be upgraded (HTTP/1.0, a body, the server stops) gets an error instead.
    UniqueFunction<void(UpgradedSocket)> take_over = {};

    Response& with(std::string name, std::string value) {
        headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
};

Response json_response(const boost::json::value& value, unsigned status = 200);
Response json_text_response(std::string json, unsigned status = 200);  // already serialised
Response text_response(std::string text, std::string content_type = "text/plain; charset=utf-8",
                       unsigned status = 200);
Response no_content();

// The one error shape: {"error","message","request_id","details"}, with the headers its status asks
// for: WWW-Authenticate for 401, Retry-After for 503 and for 429 whose details say
// retry_after_secs.
Response error_response(const Error& error, std::string_view request_id);
// The one table from errors to statuses; reasons such as "method_not_allowed" have their own.
unsigned http_status(const Error& error) noexcept;

}  // namespace zs::http
