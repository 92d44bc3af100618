#pragma once

#include "adapters/cli/console.hpp"
#include "adapters/cli/http_client.hpp"
#include "adapters/cli/profile.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::cli {

inline constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";

// Which server, and as whom. A flag wins over the environment, that over the profile.
struct Target {
    std::optional<std::string> url = {};      // --url, ZSERVER_URL
    std::optional<std::string> token = {};    // --token, ZSERVER_TOKEN: a token or an API key
    std::optional<std::string> profile = {};  // --profile, ZSERVER_PROFILE
};

struct ApiCall {
    std::string method = "GET";
    std::string path = {};
    std::optional<boost::json::object> body = {};
    std::string accept = "application/json";
    std::chrono::seconds timeout{60};
    std::vector<std::string> headers = {};  // further ones
    const UploadSource* upload = nullptr;   // instead of `body`; outlives the call
};

// Requests to a zserver. With a profile it gets new tokens by itself when the old ones end.
// Threading: one call at a time.
class ApiSession {
public:
    // Errors: as ProfileFile; "usage" for a profile that does not exist.
    static Result<ApiSession> open(const Target& target, Console& console, const Clock& clock);

    const std::string& url() const { return url_; }
    const std::string& profile_name() const { return profile_name_; }
    bool has_credential() const { return token_.has_value() || profile_.has_value(); }
    const std::optional<Profile>& profile() const { return profile_; }

    // The body of a 2xx answer. Errors: what the server says (reason is its code, details holds
    // status and request_id); Unavailable; "interrupted".
    Result<std::string> call(const ApiCall& call, const BodySink& sink = {});
    // Without credential and renewal: sign-in and the like.
    Result<std::string> call_public(const ApiCall& call);

private:
    ApiSession(Console& console, const Clock& clock, ProfileFile file)
        : console_(&console), clock_(&clock), file_(std::move(file)) {}

    Result<HttpReply> send(const ApiCall& call, std::optional<Secret> bearer, const BodySink& sink);
    bool is_about_to_expire() const;
    // Spends the refresh token; another process may have done it before.
    Result<void> renew();

    Console* console_;
    const Clock* clock_;
    ProfileFile file_;
    std::unique_ptr<HttpClient> http_ = std::make_unique<HttpClient>();
    std::string url_ = {};
    std::string profile_name_ = {};
    std::optional<Secret> token_ = {};
    std::optional<Profile> profile_ = {};
};

// "http://host:8080/" and "host:8080" as a base URL without a slash at its end.
std::string base_url(std::string_view text);

// The error that a reply of a zserver, or of anything else at that address, stands for.
Error error_of_reply(const HttpReply& reply);

// A profile made of the token bundle that login and refresh answer.
// Errors: DataLoss when it is no bundle.
Result<Profile> profile_of_bundle(std::string_view bundle, std::string url);

}  // namespace zs::cli
