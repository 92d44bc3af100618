#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/target.hpp"
#include "base/encoding.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zs::testing {

// A request without a connection, for the tests of handlers. Set what the handler looks at.
class FakeRequest final : public http::Request {
public:
    explicit FakeRequest(http::Method method = http::Method::Get, std::string path = "/")
        : method_(method), path_(std::move(path)) {}

    FakeRequest& with_param(const std::string& name, std::string value) {
        params_[name] = std::move(value);
        return *this;
    }
    FakeRequest& with_query(std::string query) {
        query_ = std::move(query);
        return *this;
    }
    FakeRequest& with_header(std::string_view name, std::string value) {
        headers_[to_lower(name)] = std::move(value);
        return *this;
    }
    // The body in pieces, as a socket gives it.
    FakeRequest& with_body(std::vector<std::string> pieces) {
        reader_.pieces = std::move(pieces);
        return *this;
    }
    FakeRequest& with_json(std::string body) {
        with_header("content-type", "application/json");
        return with_body({std::move(body)});
    }
    FakeRequest& with_principal(identity::PrincipalPtr principal) {
        principal_ = std::move(principal);
        return *this;
    }
    FakeRequest& over_tls() {
        secure_ = true;
        return *this;
    }
    void hang_up() { stop_.request_stop(); }

    http::Method method() const override { return method_; }
    std::string_view path() const override { return path_; }
    std::string_view path_param(std::string_view name) const override {
        const auto found = params_.find(std::string(name));
        return found == params_.end() ? std::string_view{} : found->second;
    }
    std::optional<std::string> query(std::string_view name) const override {
        return http::query_value(query_, name);
    }
    std::string_view raw_query() const override { return query_; }
    std::optional<std::string_view> header(std::string_view name) const override {
        const auto found = headers_.find(to_lower(name));
        if (found == headers_.end()) return std::nullopt;
        return found->second;
    }
    std::string_view client_ip() const override { return "192.0.2.7"; }
    bool is_secure() const override { return secure_; }
    std::string_view request_id() const override { return "test-request"; }
    const identity::PrincipalPtr& principal() const override { return principal_; }
    http::BodyReader& body() override { return reader_; }
    std::stop_token stop_token() const override { return stop_.get_token(); }

private:
    struct Reader final : http::BodyReader {
        async::Task<Result<std::optional<std::string>>> read() override {
            while (next < pieces.size()) {
                std::string piece = pieces[next++];
                if (!piece.empty()) co_return std::optional(std::move(piece));
            }
            co_return std::optional<std::string>{};
        }
        std::vector<std::string> pieces;
        std::size_t next = 0;
    };

    http::Method method_;
    std::string path_;
    std::map<std::string, std::string> params_;
    std::string query_;
    std::map<std::string, std::string> headers_;
    identity::PrincipalPtr principal_;
    bool secure_ = false;
    Reader reader_;
    std::stop_source stop_;
};

// Somebody with an access token and these rights, in default/live.
inline identity::PrincipalPtr some_principal(
    identity::Rights rights = identity::Rights::everything()) {
    auto principal = std::make_shared<identity::Principal>();
    principal->user_id = identity::UserId(*Uuid::parse("0198c0de-0000-7000-8000-000000000001"));
    principal->email = "ada@example.org";
    principal->tenant = {"default", "live"};
    principal->roles = {"admin"};
    principal->token_id = *Uuid::parse("0198c0de-0000-7000-8000-0000000000aa");
    principal->rights = std::make_shared<const identity::Rights>(std::move(rights));
    return principal;
}

}  // namespace zs::testing
