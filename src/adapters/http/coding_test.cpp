#include "adapters/http/chunk_decoder.hpp"
#include "adapters/http/content_coding.hpp"
#include "adapters/http/ranges.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::http {
namespace {

using Chunk = ChunkDecoder::Status;

Chunk decode(std::string_view in, std::string& out, std::size_t step = 0) {
    ChunkDecoder decoder;
    if (step == 0) return decoder.feed(in, out, 1 << 20);
    auto status = Chunk::NeedMore;
    while (!in.empty() && status != Chunk::End && status != Chunk::Bad) {
        auto piece = in.substr(0, step);
        const std::size_t offered = piece.size();
        status = decoder.feed(piece, out, out.size() + 3);
        in.remove_prefix(offered - piece.size());
    }
    return status;
}

TEST(ChunkDecoder, TakesTheCodingOff) {
    for (const std::size_t step : {0U, 1U, 2U, 5U}) {
        std::string out;
        EXPECT_EQ(
            decode("5\r\nhello\r\nA;a=b\r\n0123456789\r\n00\r\nT: 1\r\nU: 2\r\n\r\n", out, step),
            Chunk::End);
        EXPECT_EQ(out, "hello0123456789");
    }
}

TEST(ChunkDecoder, LeavesWhatFollows) {
    std::string_view in = "1\r\na\r\n0\r\n\r\nGET /";
    std::string out;
    ChunkDecoder decoder;
    EXPECT_EQ(decoder.feed(in, out, 100), Chunk::End);
    EXPECT_EQ(in, "GET /");
}

TEST(ChunkDecoder, RefusesWhatIsUnclear) {
    for (const std::string_view in :
         {"\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "1 \r\na", "1\na", "1\r\nab\r\n",
          "1\r\na\n", "0x1\r\n", "1234567890123456\r\n", "1\r\r\n", "1;\x01\r\n",
          "0\r\n x: y\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\n\n", ";\r\n"}) {
        std::string out;
        EXPECT_EQ(decode(in, out), Chunk::Bad) << in;
    }
    std::string out;
    EXPECT_EQ(decode("1;" + std::string(20000, 'x') + "\r\n", out), Chunk::Bad);
}

TEST(ContentCoding, AcceptEncoding) {
    for (const char* yes : {"gzip", "GZIP", "x-gzip", "deflate, gzip", "*", "gzip;q=0.5",
                            "gzip ; q=1.000", "identity;q=0, gzip", "br;q=1, *;q=0.1"}) {
        EXPECT_TRUE(accepts_gzip(yes)) << yes;
    }
    for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *",
                           "gzipped", "gzip;q=x", "gzip;q=2", "gzip;q=0.1234"}) {
        EXPECT_FALSE(accepts_gzip(no)) << no;
    }
}

TEST(ContentCoding, GzipThereAndBackInPieces) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 30; ++round) {
        std::string text;
        const std::size_t size = random() % 200000;
        while (text.size() < size)
            text += "row " + std::to_string(random() % 1000) + "\n";
        GzipDeflater deflater;
        std::string packed;
        for (std::size_t at = 0; at < text.size(); at += 50000) {
            deflater.deflate(std::string_view(text).substr(at, 50000), packed,
                             GzipDeflater::Mode::Flush);
        }
        deflater.deflate({}, packed, GzipDeflater::Mode::Finish);

        GzipInflater inflater;
        std::string out;
        std::string_view left = packed;
        while (!left.empty()) {
            auto piece = left.substr(0, 1 + random() % 5000);
            left.remove_prefix(piece.size());
            while (!piece.empty()) {
                ASSERT_TRUE(inflater.inflate(piece, out, out.size() + 1 + random() % 10000));
            }
        }
        std::string_view none;
        while (true) {
            const std::size_t before = out.size();
            ASSERT_TRUE(inflater.inflate(none, out, out.size() + 10000));
            if (out.size() == before) break;
        }
        EXPECT_EQ(out, text);
        EXPECT_TRUE(inflater.at_end());
    }
}

TEST(ContentCoding, BrokenGzip) {
    GzipInflater inflater;
    std::string out;
    std::string_view in = "this is not gzip";
    const auto inflated = inflater.inflate(in, out, 100);
    ASSERT_FALSE(inflated);
    EXPECT_EQ(inflated.error().reason, "invalid_gzip");
    EXPECT_FALSE(GzipInflater().at_end());
}

TEST(ContentCoding, TextTypesShrink) {
    for (const char* yes : {"text/plain; charset=utf-8", "application/json", "application/x-ndjson",
                            "application/problem+json", "image/svg+xml", "text/csv"}) {
        EXPECT_TRUE(is_compressible_type(yes)) << yes;
    }
    for (const char* no : {"", "image/png", "application/octet-stream", "application/zip"}) {
        EXPECT_FALSE(is_compressible_type(no)) << no;
    }
}

TEST(Ranges, OnePartOfTheWhole) {
    using Kind = RangeAnswer::Kind;
    struct Case {
        const char* range;
        std::uint64_t size;
        Kind kind;
        std::uint64_t first, last;
    };
    for (const auto& [range, size, kind, first, last] :
         std::initializer_list<Case>{{"bytes=0-9", 100, Kind::Part, 0, 9},
                                     {"Bytes=90-", 100, Kind::Part, 90, 99},
                                     {"bytes=-10", 100, Kind::Part, 90, 99},
                                     {"bytes=-1000", 100, Kind::Part, 0, 99},
                                     {"bytes=0-1000", 100, Kind::Part, 0, 99},
                                     {"bytes=99-99", 100, Kind::Part, 99, 99},
                                     {"bytes=100-", 100, Kind::Unsatisfiable, 0, 0},
                                     {"bytes=-0", 100, Kind::Unsatisfiable, 0, 0},
                                     {"bytes=0-", 0, Kind::Unsatisfiable, 0, 0},
                                     {"bytes=5-4", 100, Kind::Whole, 0, 0},
                                     {"bytes=0-1,3-4", 100, Kind::Whole, 0, 0},
                                     {"bytes=a-b", 100, Kind::Whole, 0, 0},
                                     {"bytes=", 100, Kind::Whole, 0, 0},
                                     {"bytes=-", 100, Kind::Whole, 0, 0},
                                     {"lines=0-1", 100, Kind::Whole, 0, 0},
                                     {"bytes=99999999999999999999-", 100, Kind::Whole, 0, 0},
                                     {"", 100, Kind::Whole, 0, 0}}) {
        const auto answer = parse_range(range, size);
        EXPECT_EQ(answer.kind, kind) << range;
        if (kind != Kind::Part) continue;
        EXPECT_EQ(answer.first, first) << range;
        EXPECT_EQ(answer.last, last) << range;
    }
}

TEST(Ranges, EtagsMatchWeakly) {
    EXPECT_TRUE(matches_etag("*", "\"a\""));
    EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("W/\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("\"x\", W/\"y\" , \"a\"", "W/\"a\""));
    EXPECT_TRUE(matches_etag("\"x,y\",\"a\"", "\"a\""));
    EXPECT_FALSE(matches_etag("\"x\"", "\"a\""));
    EXPECT_FALSE(matches_etag("a", "\"a\""));
    EXPECT_FALSE(matches_etag("\"a", "\"a\""));
    EXPECT_FALSE(matches_etag("", "\"a\""));
}

}  // namespace
}  // namespace zs::http
