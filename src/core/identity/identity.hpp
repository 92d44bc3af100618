#pragma once

#include "core/identity/account_service.hpp"
#include "core/identity/api_key_service.hpp"
#include "core/identity/audit_log.hpp"
#include "core/identity/authenticator.hpp"
#include "core/identity/change_watcher.hpp"
#include "core/identity/environment_service.hpp"
#include "core/identity/organization_service.hpp"
#include "core/identity/permission_service.hpp"
#include "core/identity/team_service.hpp"
#include "core/identity/user_service.hpp"

namespace zs::identity {

struct IdentityPorts {
    UserStore& users;
    SessionStore& sessions;
    CredentialStore& credentials;
    ApiKeyStore& api_keys;
    PermissionStore& permissions;
    OrganizationStore& organizations;
    EnvironmentStore& environments;
    TeamStore& teams;
    AuditStore& audit;
    PasswordHasher& hasher;
    const TextNormalizer& normalizer;
    const TokenSigner& signer;
    const Clock& clock;
};

// Every service of this module, wired. The server spawns watcher.run() and calls start() once
// before it listens.
// Lifetime: outlived by the ports.
struct Identity {
    Identity(IdentityPorts ports, IdentityConfig config);
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;

    // Makes the default org (and the dev org) with its environments.
    async::Task<Result<void>> start();

    IdentityPorts ports;
    const IdentityConfig config;
    AccessCache cache;
    AuditLog audit;
    Authenticator authenticator;
    AccountService accounts;
    ApiKeyService api_keys;
    PermissionService permissions;
    UserService users;
    OrganizationService organizations;
    TeamService teams;
    EnvironmentService environments;
    ChangeWatcher watcher;
};

}  // namespace zs::identity
