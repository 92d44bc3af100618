#pragma once

#include "adapters/http/server.hpp"
#include "support/http_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace zs::http {

// Knows a few credentials. "slow" ones are unknown to the cache.
class FakeCredentials final : public CredentialCheck {
public:
    void add(const std::string& credential, identity::PrincipalPtr principal) {
        known_[credential] = std::move(principal);
    }
    // try_cached() answers null until authenticate() was called once for a credential.
    bool cached = true;
    std::atomic<int> checks{0};

    identity::PrincipalPtr try_cached(std::string_view credential,
                                      std::string_view client_ip) override;
    async::Task<Result<identity::PrincipalPtr>> authenticate(std::string credential,
                                                             std::string client_ip) override;

private:
    std::map<std::string, identity::PrincipalPtr, std::less<>> known_;
};

identity::PrincipalPtr make_principal(identity::Rights rights,
                                      identity::TokenKind kind = identity::TokenKind::Access);

// A server on a free port with whatever routes the test adds before start().
class ServerTest : public ::testing::Test {
protected:
    ServerTest();
    ~ServerTest() override;

    // Adds the common routes: GET /hello (plain), GET /wait (coroutine), POST /echo, GET /secret
    // (token), POST /tables (tables:create), GET /items/{id}, GET /maybe (optional token).
    void start(std::size_t threads = 2);
    void stop();
    std::uint16_t port() const { return server_->port(); }
    testing::HttpClient connect() const { return testing::HttpClient(port()); }

    ServerConfig config;
    Router router;
    FakeCredentials credentials;

    Server& server() { return *server_; }

private:
    std::unique_ptr<async::IoRuntime> io_;
    std::unique_ptr<Server> server_;
};

// The answer's "error" field.
std::string error_of(const testing::HttpReply& reply);

}  // namespace zs::http
