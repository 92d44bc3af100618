#include "core/identity/identity.hpp"

namespace zs::identity {

Identity::Identity(IdentityPorts p, IdentityConfig c)
    : ports(p),
      config(std::move(c)),
      cache(ports.clock),
      audit(ports.audit),
      authenticator(ports.credentials, ports.environments, ports.signer, cache, ports.clock,
                    config),
      accounts({ports.users, ports.sessions, ports.credentials, ports.environments, ports.hasher,
                ports.normalizer, ports.signer, ports.clock},
               cache, audit, config),
      api_keys(ports.api_keys, cache, ports.clock),
      permissions(ports.permissions, cache, ports.clock),
      users({ports.users, ports.permissions, ports.hasher, ports.normalizer, ports.clock}, cache,
            config),
      organizations(ports.organizations, cache, ports.clock, config),
      teams(ports.teams, ports.permissions, cache, ports.clock),
      environments(ports.environments),
      watcher(ports.credentials, ports.sessions, ports.api_keys, cache, ports.clock) {}

async::Task<Result<void>> Identity::start() {
    auto made = co_await ports.organizations.ensure(config.default_org);
    if (!made) co_return made;
    if (config.dev_mode && config.dev_org != config.default_org) {
        auto dev = co_await ports.organizations.ensure(config.dev_org);
        if (!dev) co_return dev;
    }
    co_return co_await watcher.poll();
}

}  // namespace zs::identity
