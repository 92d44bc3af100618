#pragma once

#include "adapters/http/server.hpp"
#include "core/identity/authenticator.hpp"

#include <string>
#include <utility>

namespace zs::server {

// What the HTTP server asks about credentials, answered by the identity module.
class Credentials final : public http::CredentialCheck {
public:
    explicit Credentials(identity::Authenticator& authenticator) : authenticator_(authenticator) {}

    identity::PrincipalPtr try_cached(std::string_view credential,
                                      std::string_view client_ip) override {
        return authenticator_.try_cached(credential, client_ip);
    }
    async::Task<Result<identity::PrincipalPtr>> authenticate(std::string credential,
                                                             std::string client_ip) override {
        return authenticator_.authenticate(std::move(credential), std::move(client_ip));
    }

private:
    identity::Authenticator& authenticator_;
};

}  // namespace zs::server
