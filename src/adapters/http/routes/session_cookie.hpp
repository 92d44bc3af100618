#pragma once

#include "adapters/http/message.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string_view>

// The console's refresh token: a cookie that scripts cannot read, sent back to this origin only.
// Source: security.md, Cookies.
namespace zs::http {

inline constexpr std::string_view kSessionCookie = "__Host-zs_refresh";

// The refresh token the request carries in its cookie, if any.
std::optional<Secret> session_cookie(const Request& request);

// A cookie is sent by the browser, not by the page, so a page of another origin could use it.
// Errors: Forbidden unless the browser says that the request comes from this origin;
// InvalidArgument "unsupported_media_type" unless the body is JSON, which a foreign form cannot
// send.
Result<void> check_cookie_request(const Request& request);

void set_session_cookie(Response& response, std::string_view token, Timestamp now,
                        Timestamp expires_at);
void clear_session_cookie(Response& response);

}  // namespace zs::http
