#include "core/files/digest.hpp"

#include "base/assert.hpp"
#include "base/encoding.hpp"

#include <algorithm>

namespace zs::files {

Result<Digest> Digest::parse(std::string_view text) {
    auto bytes = text.size() == 2 * kBytes ? from_hex(text) : Result<Bytes>(invalid_argument(""));
    if (bytes) return from_raw(*bytes);
    return invalid_field("sha", "a file is named by its SHA-256: 64 hexadecimal digits",
                         "invalid_sha_format");
}

Digest Digest::from_raw(std::string_view bytes) {
    ZS_ASSERT(bytes.size() == kBytes);
    Digest digest;
    std::copy(bytes.begin(), bytes.end(), digest.bytes_.begin());
    return digest;
}

std::string Digest::to_string() const {
    return to_hex(raw());
}

}  // namespace zs::files
