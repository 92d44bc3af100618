#include "adapters/http/content_coding.hpp"

#include <gtest/gtest.h>

#include <random>
#include <zstd.h>

namespace zs::http {
namespace {

std::string packed_of(const std::string& text, int window_log = 0) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    // In two steps, so that the frame cannot say how long it is.
    std::string out(ZSTD_compressBound(text.size()) + 1024, '\0');
    ZSTD_outBuffer target = {out.data(), out.size(), 0};
    ZSTD_inBuffer source = {text.data(), text.size(), 0};
    ZSTD_compressStream2(context, &target, &source, ZSTD_e_flush);
    ZSTD_compressStream2(context, &target, &source, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    out.resize(target.pos);
    return out;
}

std::string some_rows(std::mt19937& random, std::size_t size) {
    std::string text;
    while (text.size() < size)
        text += "row " + std::to_string(random() % 1000) + "\n";
    return text;
}

// Everything, as a connection gives it; an error ends it.
Result<std::string> unpack(std::string_view in, bool& at_end) {
    ZstdInflater inflater;
    std::string out;
    while (true) {
        const std::size_t before = out.size();
        auto step = inflater.inflate(in, out, out.size() + 50'000);
        if (!step) return std::move(step).error();
        if (in.empty() && out.size() == before) break;
    }
    at_end = inflater.at_end();
    return out;
}

TEST(ZstdCoding, ThereAndBackInPieces) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 30; ++round) {
        const std::string text = some_rows(random, random() % 200'000);
        const std::string more = some_rows(random, random() % 1000);
        const std::string packed = packed_of(text) + packed_of(more);
        ZstdInflater inflater;
        std::string out;
        std::string_view left = packed;
        while (!left.empty()) {
            auto piece = left.substr(0, 1 + random() % 5000);
            left.remove_prefix(piece.size());
            while (!piece.empty()) {
                const auto max = out.size() + 1 + random() % 10'000;
                ASSERT_TRUE(inflater.inflate(piece, out, max));
                ASSERT_LE(out.size(), max);
            }
        }
        std::string_view none;
        while (true) {
            const std::size_t before = out.size();
            ASSERT_TRUE(inflater.inflate(none, out, out.size() + 10'000));
            if (out.size() == before) break;
        }
        EXPECT_EQ(out, text + more) << "two frames are one body";
        EXPECT_TRUE(inflater.at_end());
    }
}

TEST(ZstdCoding, EveryCutIsNoticed) {
    std::mt19937 random(7);
    const std::string packed = packed_of(some_rows(random, 5000));
    for (std::size_t size = 0; size < packed.size(); ++size) {
        bool at_end = true;
        const auto out = unpack(std::string_view(packed).substr(0, size), at_end);
        EXPECT_TRUE(!out || !at_end) << size;
    }
    EXPECT_EQ(ZstdInflater().ends_early().reason, "invalid_zstd");
}

TEST(ZstdCoding, EveryFlippedByteIsNoticed) {
    std::mt19937 random(11);
    const std::string text = some_rows(random, 2000);
    const std::string packed = packed_of(text);
    for (std::size_t at = 0; at < packed.size(); ++at) {
        std::string broken = packed;
        broken[at] = static_cast<char>(broken[at] ^ 0x55);
        bool at_end = true;
        const auto out = unpack(broken, at_end);
        // What is left of the frame's head may say the same in another way.
        EXPECT_TRUE(!out || !at_end || *out == text) << at;
        if (!out) {
            EXPECT_EQ(out.error().reason, "invalid_zstd");
        }
    }
}

TEST(ZstdCoding, LargeWindowsAndOtherBytesAreRefused) {
    std::mt19937 random(13);
    const std::string text = some_rows(random, 100'000);
    bool at_end = false;
    EXPECT_TRUE(unpack(packed_of(text, 23), at_end));
    EXPECT_TRUE(at_end);
    const auto large = unpack(packed_of(text, 24), at_end);
    ASSERT_FALSE(large) << "16 MiB are more than a decoder has to have";
    EXPECT_EQ(large.error().reason, "invalid_zstd");
    const auto other = unpack("{\"a\":1}\n", at_end);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().reason, "invalid_zstd");
}

}  // namespace
}  // namespace zs::http
