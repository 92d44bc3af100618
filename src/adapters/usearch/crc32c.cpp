#include "adapters/usearch/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace zs::usearch {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F6'3B78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value & 1U) != 0 ? (value >> 1U) ^ kPolynomial : value >> 1U;
        table[i] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t by_table(std::uint32_t sum, std::string_view bytes) {
    for (const char c : bytes)
        sum = (sum >> 8U) ^ kTable[(sum ^ static_cast<unsigned char>(c)) & 0xFFU];
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t begin,
                                                               std::string_view bytes) {
    std::uint64_t sum = begin;
    for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof(word));
        sum = __builtin_ia32_crc32di(sum, word);
    }
    return by_table(static_cast<std::uint32_t>(sum), bytes);
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    constexpr std::uint32_t begin = 0xFFFF'FFFF;
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return ~by_instruction(begin, bytes);
#endif
    return ~by_table(begin, bytes);
}

}  // namespace zs::usearch
