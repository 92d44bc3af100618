#include "adapters/http/response_head.hpp"

#include "adapters/http/cors.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <charconv>

namespace zs::http {
namespace {

// Source: http-api.md section 1.9.
constexpr std::string_view kSecurity =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "X-XSS-Protection: 0\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";
constexpr std::string_view kApiPolicy =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view kHsts =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

bool is_sendable(const Header& header) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; };
    return !header.name.empty()
           && std::none_of(header.name.begin(), header.name.end(),
                           [&](char c) { return control(c) || c == ':' || c == ' '; })
           && std::none_of(header.value.begin(), header.value.end(), control);
}

// Which of the server's own fields the handler replaced.
struct Replaced {
    bool policy = false;
    bool resource_policy = false;
};

Replaced append_own(std::string& out, const Response& response, const HeadContext& context) {
    Replaced replaced;
    for (const auto& header : response.headers) {
        if (!is_sendable(header)) {
            log::error("response header with a control character dropped", {{"name", header.name}});
            continue;
        }
        if (equals_ignoring_case(header.name, "Content-Security-Policy")) replaced.policy = true;
        if (equals_ignoring_case(header.name, "Cross-Origin-Resource-Policy")) {
            replaced.resource_policy = true;
        }
        const bool weaken = context.gzip && header.value.starts_with('"')
                            && equals_ignoring_case(header.name, "ETag");
        append_field(out, header.name, weaken ? "W/" + header.value : header.value);
    }
    return replaced;
}

void append_rate(std::string& out, const RateAnswer& rate) {
    if (rate.limit == 0) return;
    out += "RateLimit-Limit: ";
    append_number(out, rate.limit);
    out += "\r\nRateLimit-Remaining: ";
    append_number(out, rate.remaining);
    out += "\r\nRateLimit-Reset: ";
    append_number(out, rate.reset_secs);
    out += "\r\n";
}

void append_framing(std::string& out, const HeadContext& context) {
    switch (context.framing) {
        case HeadContext::Framing::Length:
            out += "Content-Length: ";
            append_number(out, context.length);
            out += "\r\n";
            break;
        case HeadContext::Framing::Chunked: out += "Transfer-Encoding: chunked\r\n"; break;
        case HeadContext::Framing::UntilClose:
        case HeadContext::Framing::Nothing: break;
    }
    if (!context.keep_alive) {
        out += "Connection: close\r\n";
    } else if (context.minor_version == 0) {
        out += "Connection: keep-alive\r\n";
    }
}

void append_cors(std::string& out, const HeadContext& context) {
    if (context.cors_origin.empty()) return;
    CorsPolicy::append_headers(out, context.cors_origin);
    if (context.preflight) CorsPolicy::append_preflight(out);
}

}  // namespace

void append_head(std::string& out, const Response& response, const HeadContext& context) {
    out += "HTTP/1.1 ";
    append_number(out, response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\nDate: ";
    out += context.date;
    out += "\r\n";
    if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
    append_framing(out, context);
    append_field(out, "X-Request-Id", context.request_id);
    out += kSecurity;
    if (context.gzip) out += "Content-Encoding: gzip\r\n";
    const auto replaced = append_own(out, response, context);
    if (!replaced.policy) out += kApiPolicy;
    if (!replaced.resource_policy) {
        out += context.cors_origin.empty() ? "Cross-Origin-Resource-Policy: same-origin\r\n"
                                           : "Cross-Origin-Resource-Policy: cross-origin\r\n";
    }
    if (context.hsts) out += kHsts;
    if (response.cache_control) {
        if (!response.cache_control->empty()) {
            append_field(out, "Cache-Control", *response.cache_control);
        }
    } else if (context.no_store) {
        out += "Cache-Control: no-store\r\n";
    }
    append_rate(out, context.rate);
    append_cors(out, context);
    if (context.vary_encoding) out += "Vary: Accept-Encoding\r\n";
    if (context.vary_origin) out += "Vary: Origin\r\n";
    out += "\r\n";
}

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 426: return "Upgrade Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 507: return "Insufficient Storage";
        default: return "Status";
    }
}

}  // namespace zs::http
