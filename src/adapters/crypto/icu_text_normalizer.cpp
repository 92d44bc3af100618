#include "adapters/crypto/icu_text_normalizer.hpp"

#include "base/assert.hpp"
#include "base/encoding.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>

namespace zs::crypto {

Result<std::string> IcuTextNormalizer::nfkc(std::string_view text) const {
    // ICU would replace bad bytes instead of refusing them.
    if (!is_utf8(text)) return invalid_argument("the text is not UTF-8");
    const bool ascii = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii) return std::string(text);
    UErrorCode status = U_ZERO_ERROR;
    const auto* normalizer = icu::Normalizer2::getNFKCInstance(status);
    if (U_FAILURE(status)) return internal_error("ICU has no normalisation data");
    std::string out;
    icu::StringByteSink<std::string> sink(&out);
    const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
    normalizer->normalizeUTF8(0, piece, sink, nullptr, status);
    if (U_FAILURE(status)) return internal_error("the text could not be normalised");
    return out;
}

}  // namespace zs::crypto
