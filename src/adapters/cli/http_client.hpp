#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::cli {

// A body that is read while it is sent. `rewind` is called before each sending.
struct UploadSource {
    std::optional<std::uint64_t> size = {};  // nullopt: sent in chunks until read() answers 0
    std::string content_type = {};
    std::function<bool()> rewind = {};
    // Answers how many bytes it put there; nullopt ends the exchange.
    std::function<std::optional<std::size_t>(char* to, std::size_t room)> read = {};
};

// The whole of an open file, whose size is known. Lifetime: the file outlives it.
UploadSource file_source(std::ifstream& file, std::uint64_t size, std::string content_type);

struct HttpRequest {
    std::string method = "GET";
    std::string url = {};  // http or https
    std::optional<Secret> bearer = {};
    std::vector<std::string> headers = {};  // "Accept: text/csv"
    std::optional<std::string> body = {};
    const UploadSource* upload = nullptr;  // instead of `body`
    std::chrono::seconds timeout{0};       // of the whole exchange; 0: none
};

struct HttpReply {
    long status = 0;
    std::string content_type = {};
    std::string body = {};  // empty when it went to the sink
};

// Receives the body of a 2xx answer while it arrives; false ends the exchange.
using BodySink = std::function<bool(std::string_view piece)>;

// One connection to a server, kept open between requests. Redirects are not followed; loopback
// servers are never asked through a proxy. SIGINT ends a request.
// Threading: one call at a time.
class HttpClient {
public:
    HttpClient();
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Any status is an answer. Errors: Unavailable when there is none, or a broken one;
    // "interrupted"; InvalidArgument for a URL that cannot be used.
    Result<HttpReply> send(const HttpRequest& request, const BodySink& sink = {});

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::cli
