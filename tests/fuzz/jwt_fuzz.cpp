#include "adapters/crypto/hmac_token_signer.hpp"
#include "adapters/crypto/jwt.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// Nothing that a stranger sends as a token may be accepted, or crash the reader.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs;
    static const auto signer = [] {
        identity::TokenSecrets secrets;
        secrets.access = Secret(std::string(32, 'a'));
        secrets.refresh = Secret(std::string(32, 'r'));
        return crypto::HmacTokenSigner::make(secrets, {"zserver", "zserver", Seconds(60)}).value();
    }();
    const std::string token(reinterpret_cast<const char*>(data), size);
    const Timestamp now(Millis(1'760'000'000'000));
    (void)crypto::read_jwt(token);
    for (const auto type : {identity::TokenType::Access, identity::TokenType::Refresh}) {
        if (signer.verify(token, type, now)) std::abort();
    }
    // A reader that goes on behind the signature: the payload is the stranger's, the key is ours.
    const auto jwt = crypto::read_jwt(token);
    if (jwt) {
        const auto resigned = crypto::write_jwt(jwt->header, jwt->payload, std::string(32, 'a'));
        (void)signer.verify(resigned, identity::TokenType::Access, now);
    }
    return 0;
}
