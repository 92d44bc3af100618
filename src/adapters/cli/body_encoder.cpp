#include "adapters/cli/body_encoder.hpp"

#include "base/assert.hpp"

#include <zlib.h>

#include <array>
#include <zstd.h>

namespace zs::cli {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"none", "gzip", "zstd"};
constexpr std::size_t kRoom = 64 * 1024;
constexpr int kGzipWindow = 15 + 16;  // the format with a header
constexpr int kMemoryLevel = 8;
constexpr int kFast = 1;

class GzipEncoder final : public BodyEncoder {
public:
    GzipEncoder() {
        const int code = deflateInit2(&stream_, kFast, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                                      Z_DEFAULT_STRATEGY);
        ZS_ASSERT(code == Z_OK);
    }
    ~GzipEncoder() override { deflateEnd(&stream_); }
    void add(std::string_view in, std::string& out) override { run(in, out, Z_NO_FLUSH); }
    void finish(std::string& out) override { run({}, out, Z_FINISH); }

private:
    void run(std::string_view in, std::string& out, int flush) {
        // zlib reads these only; its interface knows no const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        do {
            const std::size_t before = out.size();
            out.resize(before + kRoom);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
            stream_.avail_out = kRoom;
            deflate(&stream_, flush);
            out.resize(before + kRoom - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    z_stream stream_ = {};
};

class ZstdEncoder final : public BodyEncoder {
public:
    ZstdEncoder() {
        ZS_ASSERT(stream_ != nullptr);
        ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, kFast);
        ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1);
    }
    ~ZstdEncoder() override { ZSTD_freeCStream(stream_); }
    void add(std::string_view in, std::string& out) override { run(in, out, ZSTD_e_continue); }
    void finish(std::string& out) override { run({}, out, ZSTD_e_end); }

private:
    void run(std::string_view in, std::string& out, ZSTD_EndDirective mode) {
        ZSTD_inBuffer source = {in.data(), in.size(), 0};
        bool more = true;
        while (more) {
            const std::size_t before = out.size();
            out.resize(before + kRoom);
            ZSTD_outBuffer target = {out.data() + before, kRoom, 0};
            const std::size_t left = ZSTD_compressStream2(stream_, &target, &source, mode);
            ZS_ASSERT(ZSTD_isError(left) == 0);
            out.resize(before + target.pos);
            more = mode == ZSTD_e_end ? left != 0 : source.pos < source.size;
        }
    }

    ZSTD_CStream* stream_ = ZSTD_createCStream();
};

}  // namespace

std::string_view to_text(BodyCoding coding) noexcept {
    return kNames[static_cast<std::size_t>(coding)];
}

Result<BodyCoding> parse_text(std::type_identity<BodyCoding>, std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<BodyCoding>(i);
    }
    return invalid_argument("must be none, gzip or zstd");
}

std::unique_ptr<BodyEncoder> make_encoder(BodyCoding coding) {
    switch (coding) {
        case BodyCoding::Gzip: return std::make_unique<GzipEncoder>();
        case BodyCoding::Zstd: return std::make_unique<ZstdEncoder>();
        case BodyCoding::Identity: break;
    }
    return nullptr;
}

}  // namespace zs::cli
