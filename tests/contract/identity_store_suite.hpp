#pragma once

#include "adapters/crypto/hmac_token_signer.hpp"
#include "adapters/relational/identity_stores.hpp"
#include "support/memory_identity.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"
#include "support/test_databases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

// The identity module on every implementation of its stores: the services are the ones that run in
// the server, so a rule that a store breaks shows where it hurts.
namespace zs::identity {

enum class Backend { Memory, Sqlite, Postgres };

inline std::string backend_name(const ::testing::TestParamInfo<Backend>& info) {
    switch (info.param) {
        case Backend::Memory: return "Memory";
        case Backend::Sqlite: return "Sqlite";
        case Backend::Postgres: return "Postgres";
    }
    return "?";
}

inline TokenSecrets test_secrets() {
    TokenSecrets secrets;
    secrets.access = Secret(std::string(32, 'a'));
    secrets.refresh = Secret(std::string(32, 'r'));
    secrets.dev = Secret(std::string(32, 'd'));
    return secrets;
}

// Limits off, so that tests may try as often as they like.
inline IdentityConfig test_config() {
    IdentityConfig config;
    config.attempts.login_per_account.budget = 0;
    config.attempts.login_per_ip.budget = 0;
    config.attempts.signup_per_ip.budget = 0;
    config.attempts.refresh_per_ip.budget = 0;
    return config;
}

class IdentityContract : public ::testing::TestWithParam<Backend> {
protected:
    void SetUp() override {
        if (GetParam() == Backend::Memory) {
            memory_ = std::make_unique<testing::MemoryIdentity>(clock_);
        } else {
            home_ = testing::TestDatabase::make(GetParam() == Backend::Sqlite
                                                    ? relational::Dialect::Sqlite
                                                    : relational::Dialect::Postgres);
            stores_ = std::make_unique<relational::IdentityStores>(home_->database(), clock_);
        }
        restart(test_config());
    }

    // The services anew over the same stores, as after a restart or on another node.
    std::unique_ptr<Identity> make_identity(IdentityConfig config) {
        auto made = std::make_unique<Identity>(ports(), std::move(config));
        auto started = run(made->start());
        EXPECT_TRUE(started) << started.error().message;
        return made;
    }
    void restart(IdentityConfig config) { identity_ = make_identity(std::move(config)); }

    IdentityPorts ports() {
        if (memory_) {
            return {*memory_,
                    *memory_,
                    *memory_,
                    *memory_,
                    *memory_,
                    memory_->organizations,
                    memory_->environments,
                    *memory_,
                    memory_->audit,
                    hasher_,
                    normalizer_,
                    signer_,
                    clock_};
        }
        return stores_->ports(hasher_, normalizer_, signer_, clock_);
    }

    template <class T>
    T run(async::Task<T> task) {
        return testing::run_task(std::move(task));
    }
    template <class T>
    T good(async::Task<Result<T>> task) {
        auto result = run(std::move(task));
        if (!result) {
            throw std::runtime_error("unexpected: " + std::string(result.error().reason_text())
                                     + ": " + result.error().message);
        }
        return std::move(*result);
    }
    void good(async::Task<Result<void>> task) {
        auto result = run(std::move(task));
        EXPECT_TRUE(result) << result.error().message;
    }
    // The reason of the failure that is expected; "ok" when there is none.
    template <class T>
    std::string reason(async::Task<Result<T>> task) {
        auto result = run(std::move(task));
        return result ? "ok" : std::string(result.error().reason_text());
    }

    Identity& id() { return *identity_; }

    SignupReply sign_up(const std::string& email) {
        SignupRequest request;
        request.email = email;
        request.password = Secret(kPassword);
        return good(id().accounts.signup(std::move(request), client_));
    }
    async::Task<Result<TokenBundle>> login_task(const std::string& email, std::string password,
                                                std::optional<std::string> environment = {}) {
        LoginRequest request;
        request.email = email;
        request.password = Secret(std::move(password));
        request.environment = std::move(environment);
        return id().accounts.login(std::move(request), client_);
    }
    TokenBundle log_in(const std::string& email) { return good(login_task(email, kPassword)); }

    PrincipalPtr who(const std::string& credential) {
        return good(id().authenticator.authenticate(credential, client_.ip));
    }
    // "ok", or why the credential is refused.
    std::string check(const std::string& credential) {
        return reason(id().authenticator.authenticate(credential, client_.ip));
    }
    // Somebody with an account who is logged in.
    PrincipalPtr member(const std::string& email) {
        sign_up(email);
        return who(log_in(email).access_token);
    }
    async::Task<Result<TokenBundle>> refresh_task(const std::string& token) {
        RefreshRequest request;
        request.refresh_token = Secret(token);
        return id().accounts.refresh(std::move(request), client_);
    }
    // A user of another org, logged in.
    PrincipalPtr stranger(const PrincipalPtr& admin) {
        OrganizationRequest request;
        request.name = "Other";
        const auto org = good(id().organizations.create(admin, request, client_));
        OperatorUser user;
        user.org_id = org.id;
        user.email = "stranger@other.example";
        user.password = Secret(kPassword);
        user.roles.emplace_back("admin");
        good(id().users.create_by_operator(std::move(user)));
        return who(log_in("stranger@other.example").access_token);
    }
    PermissionRequest record_for(PrincipalKind kind, std::string_view principal,
                                 ResourceRef resource, std::vector<Right> allow) {
        PermissionRequest request;
        request.principal.kind = kind;
        request.principal.id = json_text(principal);
        request.resource = std::move(resource);
        request.allow = std::move(allow);
        return request;
    }
    std::vector<AuditRecord> audit_rows(const PrincipalPtr& admin, const std::string& action) {
        AuditFilter filter;
        filter.action = action;
        PageRequest page;
        return good(id().audit.list(admin, filter, page)).items;
    }

    static constexpr const char* kPassword = "correct horse 9";
    ManualClock clock_;
    Client client_{"192.0.2.7", "test"};
    testing::PlainPasswordHasher hasher_;
    testing::PlainNormalizer normalizer_;
    crypto::HmacTokenSigner signer_ =
        crypto::HmacTokenSigner::make(test_secrets(), {"zserver", "zserver", kClockSkew}).value();
    std::unique_ptr<testing::TestDatabase> home_;
    std::unique_ptr<relational::IdentityStores> stores_;
    std::unique_ptr<testing::MemoryIdentity> memory_;
    std::unique_ptr<Identity> identity_;
};

}  // namespace zs::identity
