#include "adapters/localfs/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace zs::localfs {
namespace {

TEST(Crc32cTest, KnownAnswers) {
    EXPECT_EQ(crc32c(""), 0U);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
    // RFC 3720 appendix B.4.
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

TEST(Crc32cTest, BothWaysAndAllCutsAgree) {
    std::mt19937_64 random(7);
    std::string bytes(1000, '\0');
    for (auto& byte : bytes)
        byte = static_cast<char>(random() & 0xFF);
    const std::string_view all = bytes;
    for (std::size_t size = 0; size < 70; ++size)
        EXPECT_EQ(crc32c(all.substr(3, size)), crc32c_portable(all.substr(3, size))) << size;
    for (std::size_t cut = 0; cut <= all.size(); cut += 13) {
        EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c_portable(all));
    }
}

}  // namespace
}  // namespace zs::localfs
