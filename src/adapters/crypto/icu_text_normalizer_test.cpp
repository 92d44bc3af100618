#include "adapters/crypto/icu_text_normalizer.hpp"

#include <gtest/gtest.h>

namespace zs::crypto {
namespace {

TEST(IcuTextNormalizer, MakesEqualWhatLooksEqual) {
    const IcuTextNormalizer normalizer;
    EXPECT_EQ(normalizer.nfkc("plain text 9").value(), "plain text 9");
    // e with a combining acute; the fi ligature; a full-width A.
    EXPECT_EQ(normalizer.nfkc("caf\x65\xCC\x81").value(), "caf\xC3\xA9");
    EXPECT_EQ(normalizer.nfkc("\xEF\xAC\x81sh").value(), "fish");
    EXPECT_EQ(normalizer.nfkc("\xEF\xBC\xA1").value(), "A");
}

TEST(IcuTextNormalizer, RefusesWhatIsNotUtf8) {
    const IcuTextNormalizer normalizer;
    EXPECT_FALSE(normalizer.nfkc("\xFF\xFE"));
    EXPECT_FALSE(normalizer.nfkc("\xED\xA0\x80"));
}

}  // namespace
}  // namespace zs::crypto
