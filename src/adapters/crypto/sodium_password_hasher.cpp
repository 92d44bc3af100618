#include "adapters/crypto/sodium_password_hasher.hpp"

#include "base/assert.hpp"
#include "base/random.hpp"

#include <fmt/format.h>
#include <sodium.h>

namespace zs::crypto {
namespace {
using identity::PasswordVerdict;

Result<std::string> hash_blocking(const Argon2Cost& cost, const Secret& password) {
    std::string out(crypto_pwhash_STRBYTES, '\0');
    const auto text = password.reveal();
    const int done = crypto_pwhash_str_alg(out.data(), text.data(), text.size(), cost.passes,
                                           cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    if (done != 0) return unavailable("there is no memory for hashing a password", "overloaded");
    out.resize(out.find('\0'));
    return out;
}

Result<PasswordVerdict> verify_blocking(const Argon2Cost& cost, const std::string& hash,
                                        const Secret& password) {
    const auto text = password.reveal();
    if (crypto_pwhash_str_verify(hash.c_str(), text.data(), text.size()) != 0) {
        return PasswordVerdict::Mismatch;
    }
    const int stale =
        crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_kib * 1024);
    return stale == 0 ? PasswordVerdict::Match : PasswordVerdict::MatchNeedsRehash;
}

void ensure_sodium() {
    ZS_ASSERT(sodium_init() >= 0);
}

std::string random_base64(std::size_t size) {
    const std::string bytes = random_bytes(size);
    std::string text(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL_NO_PADDING),
                     '\0');
    sodium_bin2base64(text.data(), text.size(),
                      reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    text.pop_back();  // the terminator
    return text;
}

// A hash that costs what a real one costs to verify and that no password is known to have. It is
// drawn, not computed: the start of the server does not wait for a hash.
std::string make_dummy(const Argon2Cost& cost) {
    ensure_sodium();
    return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", cost.memory_kib, cost.passes,
                       random_base64(crypto_pwhash_SALTBYTES), random_base64(32));
}
}  // namespace

SodiumPasswordHasher::SodiumPasswordHasher(Limits limits, Argon2Cost cost)
    : cost_(cost),
      dummy_hash_(make_dummy(cost)),
      pool_("password", {limits.threads, limits.queue_max}) {}

async::Task<Result<std::string>> SodiumPasswordHasher::hash(Secret password) {
    auto work = [cost = cost_, password = std::move(password)] {
        return hash_blocking(cost, password);
    };
    co_return co_await pool_.run(std::move(work));
}

async::Task<Result<PasswordVerdict>> SodiumPasswordHasher::verify(std::string hash,
                                                                  Secret password) {
    auto work = [cost = cost_, hash = std::move(hash), password = std::move(password)] {
        return verify_blocking(cost, hash, password);
    };
    co_return co_await pool_.run(std::move(work));
}

}  // namespace zs::crypto
