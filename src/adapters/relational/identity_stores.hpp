#pragma once

#include "adapters/relational/identity_key_store.hpp"
#include "adapters/relational/identity_organization_store.hpp"
#include "adapters/relational/identity_permission_store.hpp"
#include "adapters/relational/identity_session_store.hpp"
#include "adapters/relational/identity_user_store.hpp"
#include "core/identity/identity.hpp"

namespace zs::relational {

// Every identity store on one database.
// Lifetime: outlived by the database and the clock.
struct IdentityStores {
    IdentityStores(Database& database, const Clock& clock)
        : users(database, clock),
          sessions(database, clock),
          credentials(database),
          api_keys(database, clock),
          permissions(database, clock),
          organizations(database, clock),
          environments(database),
          teams(database, clock),
          audit(database, clock) {}

    identity::IdentityPorts ports(identity::PasswordHasher& hasher,
                                  const identity::TextNormalizer& normalizer,
                                  const identity::TokenSigner& signer, const Clock& clock) {
        return {users, sessions, credentials, api_keys,   permissions, organizations, environments,
                teams, audit,    hasher,      normalizer, signer,      clock};
    }

    SqlUserStore users;
    SqlSessionStore sessions;
    SqlCredentialStore credentials;
    SqlApiKeyStore api_keys;
    SqlPermissionStore permissions;
    SqlOrganizationStore organizations;
    SqlEnvironmentStore environments;
    SqlTeamStore teams;
    SqlAuditStore audit;
};

}  // namespace zs::relational
