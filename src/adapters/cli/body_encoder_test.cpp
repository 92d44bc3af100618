#include "adapters/cli/body_encoder.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <zstd.h>

namespace zs::cli {
namespace {

std::string unpack(BodyCoding coding, const std::string& packed, std::size_t size) {
    std::string out(size + 1, '\0');
    if (coding == BodyCoding::Zstd) {
        const auto got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
        return ZSTD_isError(got) != 0 ? "(broken)" : out.substr(0, got);
    }
    z_stream stream = {};
    inflateInit2(&stream, 15 + 16);
    std::string in = packed;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream, Z_FINISH);
    const auto got = stream.total_out;
    inflateEnd(&stream);
    return code == Z_STREAM_END ? out.substr(0, got) : "(broken)";
}

TEST(BodyEncoder, ThereAndBackInPieces) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (const auto coding : {BodyCoding::Gzip, BodyCoding::Zstd}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}}) {
            std::string text;
            while (text.size() < size)
                text += "{\"n\":" + std::to_string(random()) + "}\n";
            const auto encoder = make_encoder(coding);
            std::string packed;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t step = 1 + random() % 70'000;
                encoder->add(std::string_view(text).substr(at, step), packed);
                at += step;
            }
            encoder->finish(packed);
            EXPECT_EQ(unpack(coding, packed, text.size()), text) << to_text(coding);
            if (size > 1) {
                EXPECT_LT(packed.size(), text.size()) << to_text(coding);
            }
        }
    }
}

TEST(BodyEncoder, Names) {
    EXPECT_EQ(make_encoder(BodyCoding::Identity), nullptr);
    EXPECT_EQ(*parse_text(std::type_identity<BodyCoding>{}, "zstd"), BodyCoding::Zstd);
    EXPECT_EQ(*parse_text(std::type_identity<BodyCoding>{}, "none"), BodyCoding::Identity);
    EXPECT_FALSE(parse_text(std::type_identity<BodyCoding>{}, "brotli"));
}

}  // namespace
}  // namespace zs::cli
