#pragma once

#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace zs::identity {

enum class PasswordVerdict { Match, MatchNeedsRehash, Mismatch };

// Slow on purpose: memory-hard, on threads of its own.
// Threading: any. Errors: Unavailable "overloaded" when too many wait already.
class PasswordHasher {
public:
    virtual ~PasswordHasher() = default;
    virtual async::Task<Result<std::string>> hash(Secret password) = 0;
    virtual async::Task<Result<PasswordVerdict>> verify(std::string hash, Secret password) = 0;
    // A hash that no password matches; verifying against it takes as long as any other.
    virtual std::string dummy_hash() const = 0;
};

// Unicode normalisation form KC, so that a password typed on another keyboard is the same password.
// Errors: InvalidArgument for text that is not UTF-8.
class TextNormalizer {
public:
    virtual ~TextNormalizer() = default;
    virtual Result<std::string> nfkc(std::string_view text) const = 0;
};

}  // namespace zs::identity
