#pragma once

#include "base/error.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace zs::files {

// The SHA-256 of a file's bytes: its name everywhere. As text 64 hexadecimal digits.
class Digest {
public:
    static constexpr std::size_t kBytes = 32;

    constexpr Digest() = default;
    // Either case. Errors: InvalidArgument "invalid_sha_format".
    static Result<Digest> parse(std::string_view text);
    // Exactly kBytes raw bytes.
    static Digest from_raw(std::string_view bytes);

    std::string to_string() const;  // lower case
    std::string raw() const { return {bytes_.begin(), bytes_.end()}; }
    auto operator<=>(const Digest&) const = default;

private:
    std::array<unsigned char, kBytes> bytes_{};
};

inline std::string to_text(const Digest& digest) {
    return digest.to_string();
}

}  // namespace zs::files
