#include "adapters/cli/http_client.hpp"

#include "adapters/cli/interrupt.hpp"

#include <boost/url/parse.hpp>
#include <curl/curl.h>

#include <fstream>
#include <utility>

namespace zs::cli {
namespace {

constexpr std::size_t kBodyMax = 256U << 20;  // of an answer that is not streamed
constexpr long kConnectSeconds = 10;

struct Headers {
    curl_slist* list = nullptr;

    Headers() = default;
    Headers(const Headers&) = delete;
    Headers& operator=(const Headers&) = delete;
    ~Headers() { curl_slist_free_all(list); }
    void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

struct Exchange {
    CURL* handle = nullptr;
    const BodySink* sink = nullptr;
    HttpReply reply;
    bool stopped_by_sink = false;
    bool too_large = false;
};

std::size_t receive(char* data, std::size_t, std::size_t size, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    long status = 0;
    curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &status);
    if (*exchange.sink && status >= 200 && status < 300) {
        if ((*exchange.sink)(std::string_view(data, size))) return size;
        exchange.stopped_by_sink = true;
        return 0;
    }
    exchange.too_large = exchange.reply.body.size() + size > kBodyMax;
    if (exchange.too_large) return 0;
    exchange.reply.body.append(data, size);
    return size;
}

std::size_t provide(char* to, std::size_t size, std::size_t count, void* user) {
    const auto& source = *static_cast<const UploadSource*>(user);
    const auto given = source.read(to, size * count);
    return given ? *given : CURL_READFUNC_ABORT;
}

// libcurl sends again from the start when a kept connection turns out to be closed.
int begin_again(void* user, curl_off_t offset, int origin) {
    const auto& source = *static_cast<const UploadSource*>(user);
    if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_CANTSEEK;
    return source.rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int stop_when_interrupted(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return interrupted() ? 1 : 0;
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

Error transport_error(const HttpRequest& request, CURLcode code, const char* text,
                      const Exchange& exchange) {
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return Error{.message = "interrupted", .reason = "interrupted", .details = {}};
    }
    if (exchange.too_large) return too_large("the answer is too large; use --format csv or ndjson");
    const auto what = *text != '\0' ? std::string(text) : curl_easy_strerror(code);
    if (exchange.reply.status >= 200) {
        return unavailable("the server ended its answer early, so the result is incomplete (" + what
                           + ")");
    }
    return unavailable("no answer from " + request.url.substr(0, request.url.find('?')) + ": "
                       + what);
}

}  // namespace

UploadSource file_source(std::ifstream& file, std::uint64_t size, std::string content_type) {
    UploadSource source;
    source.size = size;
    source.content_type = std::move(content_type);
    source.rewind = [&file] {
        file.clear();
        return static_cast<bool>(file.seekg(0));
    };
    source.read = [&file](char* to, std::size_t room) -> std::optional<std::size_t> {
        file.read(to, static_cast<std::streamsize>(room));
        if (file.bad()) return std::nullopt;
        return static_cast<std::size_t>(file.gcount());
    };
    return source;
}

struct HttpClient::State {
    CURL* handle = curl_easy_init();
    char text[CURL_ERROR_SIZE] = {};

    void send_upload(const UploadSource& source, Headers& headers) {
        // libcurl reads these only; its interface knows no const.
        auto* user = const_cast<UploadSource*>(&source);
        headers.add("Content-Type: " + source.content_type);
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        if (source.size) {
            curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(*source.size));
        } else {
            headers.add("Transfer-Encoding: chunked");
        }
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, provide);
        curl_easy_setopt(handle, CURLOPT_READDATA, user);
        curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, begin_again);
        curl_easy_setopt(handle, CURLOPT_SEEKDATA, user);
    }

    void prepare(const HttpRequest& request, Headers& headers, Exchange& exchange) {
        curl_easy_reset(handle);
        text[0] = '\0';
        curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, text);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT, static_cast<long>(request.timeout.count()));
        curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "zserver-cli");
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, stop_when_interrupted);
        if (request.bearer) {
            headers.add("Authorization: Bearer " + std::string(request.bearer->reveal()));
        }
        for (const auto& line : request.headers)
            headers.add(line);
        if (request.body) {
            headers.add("Content-Type: application/json");
            headers.add("Expect:");
            curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(request.body->size()));
            curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body->data());
        }
        if (request.upload != nullptr) send_upload(*request.upload, headers);
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);
    }
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::~HttpClient() {
    curl_easy_cleanup(state_->handle);
}

Result<HttpReply> HttpClient::send(const HttpRequest& request, const BodySink& sink) {
    const auto url = boost::urls::parse_uri(request.url);
    const bool usable = url && (url->scheme() == "http" || url->scheme() == "https")
                        && !url->encoded_host().empty();
    if (!usable) {
        return invalid_argument("'" + request.url
                                + "' is not a server's URL, such as http://127.0.0.1:8080");
    }
    if (request.upload != nullptr && !request.upload->rewind()) {
        return invalid_argument("the file cannot be read from its beginning");
    }
    const InterruptScope interruptible;
    Headers headers;
    Exchange exchange{.handle = state_->handle, .sink = &sink, .reply = {}};
    state_->prepare(request, headers, exchange);
    if (is_loopback(std::string_view(url->encoded_host()))) {
        curl_easy_setopt(state_->handle, CURLOPT_PROXY, "");
    }
    const auto code = curl_easy_perform(state_->handle);
    curl_easy_getinfo(state_->handle, CURLINFO_RESPONSE_CODE, &exchange.reply.status);
    const char* type = nullptr;
    curl_easy_getinfo(state_->handle, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) exchange.reply.content_type = type;
    if (code == CURLE_OK || exchange.stopped_by_sink) return std::move(exchange.reply);
    return transport_error(request, code, state_->text, exchange);
}

}  // namespace zs::cli
