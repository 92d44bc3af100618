#pragma once

#include "async/blocking_pool.hpp"
#include "core/identity/password_hasher.hpp"

#include <cstddef>
#include <string>

namespace zs::crypto {

// The cost of one hash. The defaults are OWASP's for Argon2id.
struct Argon2Cost {
    std::size_t memory_kib = 19'456;
    unsigned passes = 2;
};

// Argon2id with one lane, as a PHC string. Runs on threads of its own with a short queue, so that a
// storm of logins neither eats memory nor delays other work.
// Threading: any. Errors: Unavailable "overloaded" when the queue is full.
// Source: security.md, Passwords; RFC 9106.
class SodiumPasswordHasher final : public identity::PasswordHasher {
public:
    struct Limits {
        std::size_t threads = 2;
        std::size_t queue_max = 64;
    };

    explicit SodiumPasswordHasher(Limits limits, Argon2Cost cost = {});

    async::Task<Result<std::string>> hash(Secret password) override;
    async::Task<Result<identity::PasswordVerdict>> verify(std::string hash,
                                                          Secret password) override;
    std::string dummy_hash() const override { return dummy_hash_; }

private:
    Argon2Cost cost_;
    std::string dummy_hash_;
    async::BlockingPool pool_;
};

}  // namespace zs::crypto
