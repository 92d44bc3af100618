#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace zs::cli {

// How the body of an upload is packed on its way.
enum class BodyCoding : std::uint8_t { Identity, Gzip, Zstd };
std::string_view to_text(BodyCoding coding) noexcept;  // as Content-Encoding has it
// "none", "gzip", "zstd".
Result<BodyCoding> parse_text(std::type_identity<BodyCoding>, std::string_view text);

// Packs a body piece by piece, fast rather than small. Threading: one at a time.
class BodyEncoder {
public:
    virtual ~BodyEncoder() = default;
    // Appends what `in` becomes; it may be nothing yet.
    virtual void add(std::string_view in, std::string& out) = 0;
    // Once, after the last piece.
    virtual void finish(std::string& out) = 0;
};

// Null for Identity.
std::unique_ptr<BodyEncoder> make_encoder(BodyCoding coding);

}  // namespace zs::cli
