#include "adapters/cli/api_session.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zs::cli {
namespace {

// Renewed this long before it ends, so that it does not end on its way.
constexpr Seconds kRenewBefore{30};

ErrorCode code_of_status(long status) {
    switch (status) {
        case 401: return ErrorCode::Unauthenticated;
        case 403: return ErrorCode::Forbidden;
        case 404: return ErrorCode::NotFound;
        case 409: return ErrorCode::Conflict;
        case 410: return ErrorCode::Gone;
        case 413: return ErrorCode::TooLarge;
        case 422: return ErrorCode::Unprocessable;
        case 429: return ErrorCode::Exhausted;
        case 503: return ErrorCode::Unavailable;
        case 504: return ErrorCode::DeadlineExceeded;
        default: return status >= 500 ? ErrorCode::Internal : ErrorCode::InvalidArgument;
    }
}

std::string text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::string> chosen(const std::optional<std::string>& flag, Console& console,
                                  const std::string& variable) {
    if (flag) return flag;
    auto value = console.variable(variable);
    if (value.empty()) return std::nullopt;
    return value;
}

}  // namespace

std::string base_url(std::string_view text) {
    std::string out(text);
    if (out.find("://") == std::string::npos) out = "http://" + out;
    while (out.ends_with('/'))
        out.pop_back();
    return out;
}

Error error_of_reply(const HttpReply& reply) {
    Error error{.code = code_of_status(reply.status), .message = {}, .reason = {}, .details = {}};
    if (const auto body = parse_json(reply.body); body && body->is_object()) {
        const auto& object = body->get_object();
        error.message = text_of(object, "message");
        error.reason = text_of(object, "error");
        if (const auto* details = object.if_contains("details"); details && details->is_object()) {
            error.details = details->get_object();
        }
        if (auto id = text_of(object, "request_id"); !id.empty()) {
            error.details["request_id"] = json_text(id);
        }
    }
    if (error.message.empty()) {
        error.message = "the server answered with status " + std::to_string(reply.status)
                        + " and no explanation; is it a zserver?";
    }
    // A server cannot speak of the command line or of the keyboard.
    if (error.reason == kReasonUsage || error.reason == kReasonInterrupted) error.reason.clear();
    error.details["status"] = reply.status;
    return error;
}

Result<Profile> profile_of_bundle(std::string_view bundle, std::string url) {
    const auto body = parse_json(bundle);
    if (!body || !body->is_object()) return data_loss("the server's answer is not a token bundle");
    const auto& object = body->get_object();
    Profile out{.url = std::move(url),
                .access_token = Secret(text_of(object, "access_token")),
                .refresh_token = Secret(text_of(object, "refresh_token"))};
    if (const auto* user = object.if_contains("user"); user && user->is_object()) {
        out.email = text_of(user->get_object(), "email");
    }
    if (const auto* env = object.if_contains("environment"); env && env->is_object()) {
        out.environment = text_of(env->get_object(), "slug");
    }
    const auto access_end = from_rfc3339(text_of(object, "access_expires_at"));
    const auto refresh_end = from_rfc3339(text_of(object, "refresh_expires_at"));
    if (out.access_token.empty() || out.refresh_token.empty() || !access_end || !refresh_end) {
        return data_loss("the server's answer is not a token bundle");
    }
    out.access_expires_at = *access_end;
    out.refresh_expires_at = *refresh_end;
    return out;
}

Result<ApiSession> ApiSession::open(const Target& target, Console& console, const Clock& clock) {
    ApiSession session(console, clock, ProfileFile(ProfileFile::default_path(console.environment)));
    const auto url = chosen(target.url, console, "ZSERVER_URL");
    const auto token = chosen(target.token, console, "ZSERVER_TOKEN");
    const auto named = chosen(target.profile, console, "ZSERVER_PROFILE");
    session.profile_name_ = named.value_or(std::string(kDefaultProfile));
    if (token) {
        session.token_ = Secret(*token);
    } else {
        auto profile = session.file_.find(session.profile_name_);
        if (!profile) return std::move(profile).error();
        session.profile_ = std::move(*profile);
        if (named && !session.profile_) {
            return usage_error("there is no profile '" + *named + "'; run: zserver login --profile "
                               + *named);
        }
        // Tokens go to the server that made them and to no other.
        const bool elsewhere = url && session.profile_ && base_url(*url) != session.profile_->url;
        if (elsewhere) session.profile_.reset();
    }
    session.url_ = base_url(url                ? *url
                            : session.profile_ ? session.profile_->url
                                               : std::string(kDefaultUrl));
    return session;
}

Result<HttpReply> ApiSession::send(const ApiCall& call, std::optional<Secret> bearer,
                                   const BodySink& sink) {
    HttpRequest request{.method = call.method,
                        .url = url_ + call.path,
                        .bearer = std::move(bearer),
                        .headers = {"Accept: " + call.accept},
                        .body = std::nullopt,
                        .timeout = call.timeout};
    for (const auto& line : call.headers)
        request.headers.push_back(line);
    request.upload = call.upload;
    if (call.body) request.body = write_json(*call.body);
    return http_->send(request, sink);
}

Result<std::string> ApiSession::call_public(const ApiCall& call) {
    auto reply = send(call, std::nullopt, {});
    if (!reply) return std::move(reply).error();
    if (reply->status < 200 || reply->status > 299) return error_of_reply(*reply);
    return std::move(reply->body);
}

Result<std::string> ApiSession::call(const ApiCall& call, const BodySink& sink) {
    if (!has_credential()) {
        return unauthenticated("not signed in at " + url_
                               + "; run `zserver login`, or set ZSERVER_TOKEN");
    }
    bool renewed = false;
    if (profile_ && is_about_to_expire()) {
        if (auto done = renew(); !done) return std::move(done).error();
        renewed = true;
    }
    for (;;) {
        auto reply = send(call, profile_ ? profile_->access_token : *token_, sink);
        if (!reply) return std::move(reply).error();
        if (reply->status >= 200 && reply->status <= 299) return std::move(reply->body);
        if (reply->status != 401 || !profile_ || renewed) return error_of_reply(*reply);
        if (auto done = renew(); !done) return std::move(done).error();
        renewed = true;
    }
}

bool ApiSession::is_about_to_expire() const {
    return profile_->access_expires_at <= clock_->now() + kRenewBefore;
}

Result<void> ApiSession::renew() {
    const ProfileFile::Lock lock(file_);
    auto stored = file_.find(profile_name_);
    if (!stored) return std::move(stored).error();
    if (!*stored || (*stored)->url != profile_->url) {
        return unauthenticated("signed out meanwhile; run: zserver login");
    }
    const bool somebody_did = (*stored)->access_token.reveal() != profile_->access_token.reveal();
    profile_ = **stored;
    if (somebody_did && !is_about_to_expire()) return {};

    ApiCall call{.method = "POST", .path = "/v1/auth/refresh"};
    call.body = boost::json::object{{"refresh_token", json_text(profile_->refresh_token.reveal())}};
    auto bundle = call_public(call);
    if (!bundle) {
        Error error = std::move(bundle).error();
        if (error.code == ErrorCode::Unauthenticated) {
            error.message = "the sign-in at " + url_ + " has ended; run: zserver login";
        }
        return error;
    }
    auto fresh = profile_of_bundle(*bundle, profile_->url);
    if (!fresh) return std::move(fresh).error();
    profile_ = std::move(*fresh);
    return file_.put(profile_name_, *profile_);
}

}  // namespace zs::cli
