#include "server/commands/operator_session.hpp"

#include "adapters/crypto/hmac_token_signer.hpp"
#include "adapters/crypto/icu_text_normalizer.hpp"
#include "adapters/crypto/sodium_password_hasher.hpp"
#include "adapters/crypto/token_secrets.hpp"
#include "adapters/relational/identity_stores.hpp"
#include "core/identity/identity.hpp"
#include "server/settings.hpp"

namespace zs::server {

struct OperatorSession::Parts {
    Parts(ControlPlane& plane, crypto::HmacTokenSigner token_signer, const Config& config)
        : signer(std::move(token_signer)),
          hasher({.threads = 1, .queue_max = 1}, {.memory_kib = config.auth.argon2_memory_kib,
                                                  .passes = config.auth.argon2_passes}),
          stores(plane.database(), plane.clock()),
          identity(stores.ports(hasher, normalizer, signer, plane.clock()),
                   identity_settings(config)) {}

    crypto::HmacTokenSigner signer;
    crypto::SodiumPasswordHasher hasher;
    crypto::IcuTextNormalizer normalizer;
    relational::IdentityStores stores;
    identity::Identity identity;
};

OperatorSession::OperatorSession(std::unique_ptr<ControlPlane> plane, std::unique_ptr<Parts> parts)
    : plane_(std::move(plane)), parts_(std::move(parts)) {}
OperatorSession::~OperatorSession() = default;

Result<std::unique_ptr<OperatorSession>> OperatorSession::open_blocking(const Config& config) {
    auto plane = ControlPlane::open_blocking(config);
    if (!plane) return std::move(plane).error();
    auto schema = (*plane)->prepare_schema_blocking(config);
    if (!schema) return std::move(schema).error();
    const auto secrets = crypto::load_token_secrets_blocking(
        config.server.data, secret_settings(config), crypto::DevTokens::Refused);
    if (!secrets) return secrets.error();
    const auto settings = identity_settings(config);
    auto signer = crypto::HmacTokenSigner::make(
        *secrets,
        {.issuer = settings.issuer, .audience = settings.audience, .skew = identity::kClockSkew});
    if (!signer) return std::move(signer).error();

    auto parts = std::make_unique<Parts>(**plane, std::move(*signer), config);
    auto started = (*plane)->run_blocking(parts->identity.start());
    if (!started) return std::move(started).error();
    return std::unique_ptr<OperatorSession>(
        new OperatorSession(std::move(*plane), std::move(parts)));
}

identity::Identity& OperatorSession::identity() {
    return parts_->identity;
}
relational::IdentityStores& OperatorSession::stores() {
    return parts_->stores;
}

}  // namespace zs::server
