#include "adapters/http/exchange.hpp"

#include "base/encoding.hpp"

#include <cstring>

namespace zs::http {
namespace {

constexpr std::size_t kCredentialBytesMax = 8192;

RateKey key_of(const Uuid& id) {
    RateKey key;
    key.kind = RateKey::Kind::Principal;
    std::memcpy(&key.high, id.bytes().data(), 8);
    std::memcpy(&key.low, id.bytes().data() + 8, 8);
    return key;
}

}  // namespace

void Exchange::clear() {
    head.clear();
    match.route = nullptr;
    match.params.clear();
    match.allowed.clear();
    malformed = false;
    principal_.reset();
    client_text_ = {};
    secure_ = false;
    rate_ = {};
    request_id_size_ = 0;
    if (stop_.stop_possible()) stop_ = std::stop_source(std::nostopstate);
}

void Exchange::begin(const IpAddress& peer, std::string_view peer_text, RequestIds& ids,
                     std::int64_t unix_millis) {
    take_request_id(ids, unix_millis);
    find_client(peer, peer_text);
    body_.begin(head);
}

void Exchange::take_request_id(RequestIds& ids, std::int64_t unix_millis) {
    const auto given = head.get(Known::RequestId);
    if (is_request_id(given)) {
        std::memcpy(request_id_.data(), given.data(), given.size());
        request_id_size_ = given.size();
    } else {
        ids.mint(unix_millis, request_id_.data());
        request_id_size_ = RequestIds::kLength;
    }
}

void Exchange::find_client(const IpAddress& peer, std::string_view peer_text) {
    client_ = peer;
    client_text_ = peer_text;
    if (core_.trusted.empty() || !core_.trusted.contains(peer)) return;
    // Several lines of a list are one list.
    std::string forwarded_for;
    for (const auto& field : head.fields) {
        if (!equals_ignoring_case(field.name, "x-forwarded-for")) continue;
        if (!forwarded_for.empty()) forwarded_for += ',';
        forwarded_for += field.value;
    }
    client_ = forwarded_client(peer, forwarded_for, core_.trusted);
    if (client_ != peer) {
        forwarded_text_ = client_.to_string();
        client_text_ = forwarded_text_;
    }
    const auto* scheme = head.find("x-forwarded-proto");
    secure_ = scheme != nullptr && equals_ignoring_case(scheme->value, "https");
}

void Exchange::request_stop() {
    if (stop_.stop_possible()) {
        stop_.request_stop();
    } else {
        stop_ = std::stop_source();
        stop_.request_stop();
    }
}

std::stop_token Exchange::stop_token() const {
    if (!stop_.stop_possible()) stop_ = std::stop_source();
    return stop_.get_token();
}

Result<void> Exchange::check_route_and_body() {
    if (head.target.form == Target::Form::Authority) {
        return invalid_argument("this server is not a proxy", "method_not_allowed");
    }
    core_.router.match_into(head.method, head.target.path, match);
    const auto* route = match.route;
    if (route == nullptr) {
        if (match.allowed.empty()) {
            return not_found("no such path: " + std::string(head.target.path.substr(0, 200)));
        }
        return invalid_argument(std::string(head.method_text) + " is not possible here",
                                "method_not_allowed");
    }
    const auto& options = route->options;
    const std::uint64_t body_max =
        options.unlimited_body
            ? 0
            : (options.body_max != 0 ? options.body_max : core_.config.limits.body_bytes_max);
    if (body_max != 0 && head.content_length.value_or(0) > body_max) {
        return too_large("the body is larger than " + std::to_string(body_max) + " bytes",
                         std::string(options.too_large_reason))
            .with("limit_bytes", static_cast<std::int64_t>(body_max));
    }
    body_.set_limits(
        {body_max, core_.config.limits.decompression_ratio_max, options.too_large_reason});
    const auto coding = head.get(Known::ContentEncoding);
    if (coding.empty() || equals_ignoring_case(coding, "identity")) return {};
    const bool gzip =
        equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip");
    if (options.zstd_body && equals_ignoring_case(coding, "zstd")) {
        body_.expect_zstd();
        return {};
    }
    if (!gzip || !options.gzip_body) {
        return invalid_argument(options.gzip_body ? "Content-Encoding must be gzip, or absent"
                                                  : "this body must not have a Content-Encoding",
                                "unsupported_media_type");
    }
    body_.expect_gzip();
    return {};
}

Result<std::string_view> Exchange::find_credential() const {
    const auto key = head.get(Known::ApiKey);
    std::string_view bearer;
    const auto authorization = head.get(Known::Authorization);
    constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() > kScheme.size()
        && equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
        bearer = trim(authorization.substr(kScheme.size()));
    }
    if (!key.empty() && !bearer.empty() && key != bearer) {
        return invalid_argument(
            "the request has two different credentials: send either "
            "Authorization or X-API-Key");
    }
    const auto credential = bearer.empty() ? key : bearer;
    // Other schemes and oversized values are credentials too, and bad ones.
    if (credential.empty() && !authorization.empty()) return std::string_view("?");
    if (credential.size() > kCredentialBytesMax) return std::string_view("?");
    return credential;
}

RateKey Exchange::rate_key() const {
    if (principal_) {
        return key_of(principal_->token_kind == identity::TokenKind::ApiKey
                          ? principal_->token_id
                          : principal_->user_id.uuid());
    }
    return RateKey{RateKey::Kind::Address, 0, client_.client_key()};
}

Result<void> Exchange::admit(identity::PrincipalPtr principal, bool bad_credential,
                             RateLimiter& limiter, RateLimiter::TimePoint now) {
    principal_ = std::move(principal);
    const auto& options = match.route->options;
    if (options.counted || bad_credential) {
        rate_ = limiter.count(
            rate_key(),
            principal_ ? core_.config.rate_per_minute_user : core_.config.rate_per_minute_ip, now);
        if (!rate_.allowed) {
            core_.rate_limited.add();
            return exhausted("too many requests: at most " + std::to_string(rate_.limit)
                             + " in a minute")
                .with("retry_after_secs", static_cast<std::int64_t>(rate_.retry_secs));
        }
    }
    if (!principal_) {
        if (options.needs.credential != Needs::Credential::Required) return {};
        return bad_credential
                   ? unauthenticated("the credential is malformed, expired or revoked")
                   : unauthenticated("send a credential: Authorization: Bearer … or X-API-Key");
    }
    const auto& needs = options.needs;
    if (!needs.resource || !needs.right) return {};
    if (!principal_->rights || !principal_->rights->allows(*needs.resource, *needs.right)) {
        return identity::missing_right(*needs.resource, *needs.right);
    }
    return {};
}

std::string_view Exchange::path_param(std::string_view name) const {
    if (match.route == nullptr) return {};
    const auto& names = match.route->param_names;
    for (std::size_t i = 0; i < names.size() && i < match.params.size(); ++i) {
        if (names[i] == name) return match.params[i];
    }
    return {};
}

std::optional<std::string> Exchange::query(std::string_view name) const {
    return query_value(head.target.query, name);
}

std::optional<std::string_view> Exchange::header(std::string_view name) const {
    const auto* field = head.find(name);
    if (field == nullptr) return std::nullopt;
    return field->value;
}

std::string_view Exchange::cors_origin() const {
    const auto origin = head.get(Known::Origin);
    return core_.cors.allows(origin) ? origin : std::string_view();
}

}  // namespace zs::http
