#pragma once

#include "adapters/http/message.hpp"

#include <string>
#include <utility>

namespace zs::http {

// A request whose body has been read already and can be read again.
// Lifetime: not longer than the request it stands for.
class BufferedRequest final : public Request {
public:
    BufferedRequest(Request& request, std::string body)
        : request_(request), reader_(std::move(body)) {}

    Method method() const override { return request_.method(); }
    std::string_view path() const override { return request_.path(); }
    std::string_view path_param(std::string_view name) const override {
        return request_.path_param(name);
    }
    std::optional<std::string> query(std::string_view name) const override {
        return request_.query(name);
    }
    std::optional<std::string_view> header(std::string_view name) const override {
        return request_.header(name);
    }
    std::string_view raw_query() const override { return request_.raw_query(); }
    std::string_view client_ip() const override { return request_.client_ip(); }
    bool is_secure() const override { return request_.is_secure(); }
    std::string_view request_id() const override { return request_.request_id(); }
    const identity::PrincipalPtr& principal() const override { return request_.principal(); }
    BodyReader& body() override { return reader_; }
    std::stop_token stop_token() const override { return request_.stop_token(); }

private:
    class Reader final : public BodyReader {
    public:
        explicit Reader(std::string body) : body_(std::move(body)) {}
        async::Task<Result<std::optional<std::string>>> read() override {
            if (body_.empty()) co_return std::optional<std::string>{};
            co_return std::optional<std::string>(std::exchange(body_, {}));
        }

    private:
        std::string body_;
    };

    Request& request_;
    Reader reader_;
};

}  // namespace zs::http
