#include "adapters/http/routes/session_cookie.hpp"

#include "base/encoding.hpp"

namespace zs::http {
namespace {

constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Strict";

bool is_same_origin(const Request& request) {
    if (const auto site = request.header("sec-fetch-site")) {
        return *site == "same-origin" || *site == "none";
    }
    const auto origin = request.header("origin");
    const auto host = request.header("host");
    if (!origin || !host) return false;
    const std::string own = (request.is_secure() ? "https://" : "http://") + std::string(*host);
    return equals_ignoring_case(*origin, own);
}

bool is_json(const Request& request) {
    const std::string_view type = request.header("content-type").value_or(std::string_view{});
    const std::string media = to_lower(trim(type.substr(0, type.find(';'))));
    return media == "application/json"
           || (media.starts_with("application/") && media.ends_with("+json"));
}

}  // namespace

std::optional<Secret> session_cookie(const Request& request) {
    std::string_view rest = request.header("cookie").value_or(std::string_view{});
    while (!rest.empty()) {
        const auto end = rest.find(';');
        const std::string_view pair = trim(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != kSessionCookie) continue;
        const std::string_view value = pair.substr(equals + 1);
        if (!value.empty()) return Secret(std::string(value));
    }
    return std::nullopt;
}

Result<void> check_cookie_request(const Request& request) {
    if (!is_same_origin(request)) {
        return forbidden(
            "the session cookie works only for pages of this server's own origin "
            "(Sec-Fetch-Site: same-origin, or a matching Origin)");
    }
    if (!is_json(request)) {
        return invalid_argument(
            "a request with the session cookie needs Content-Type: "
            "application/json",
            "unsupported_media_type");
    }
    return {};
}

void set_session_cookie(Response& response, std::string_view token, Timestamp now,
                        Timestamp expires_at) {
    const auto left = std::chrono::duration_cast<Seconds>(expires_at - now).count();
    response.with("Set-Cookie", fmt::format("{}={}{}; Max-Age={}", kSessionCookie, token,
                                            kAttributes, std::max<std::int64_t>(left, 0)));
}

void clear_session_cookie(Response& response) {
    response.with("Set-Cookie", fmt::format("{}={}; Max-Age=0", kSessionCookie, kAttributes));
}

}  // namespace zs::http
