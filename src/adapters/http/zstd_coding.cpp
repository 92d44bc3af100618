#include "adapters/http/content_coding.hpp"
#include "base/assert.hpp"

#include <zstd.h>

namespace zs::http {
namespace {

constexpr std::size_t kGrowBytes = 32 * 1024;
constexpr int kWindowLogMax = 23;  // 8 MiB

}  // namespace

struct ZstdInflater::State {
    ZSTD_DStream* stream = ZSTD_createDStream();
    bool any = false;
    bool inside = false;  // a frame has begun and not ended
};

ZstdInflater::ZstdInflater() : state_(std::make_unique<State>()) {
    ZS_ASSERT(state_->stream != nullptr);
    ZSTD_DCtx_setParameter(state_->stream, ZSTD_d_windowLogMax, kWindowLogMax);
}

ZstdInflater::~ZstdInflater() {
    ZSTD_freeDStream(state_->stream);
}

bool ZstdInflater::at_end() const {
    return state_->any && !state_->inside;
}

Error ZstdInflater::ends_early() const {
    return invalid_argument("the zstd body ends too early", "invalid_zstd");
}

Result<void> ZstdInflater::inflate(std::string_view& in, std::string& out, std::size_t out_max) {
    bool more = true;  // the decoder may hold output back although `in` is empty
    while (out.size() < out_max && (!in.empty() || more)) {
        const std::size_t before = out.size();
        out.resize(std::min(out_max, before + kGrowBytes));
        ZSTD_inBuffer source = {in.data(), in.size(), 0};
        ZSTD_outBuffer target = {out.data() + before, out.size() - before, 0};
        const std::size_t status = ZSTD_decompressStream(state_->stream, &target, &source);
        in.remove_prefix(source.pos);
        out.resize(before + target.pos);
        if (ZSTD_isError(status) != 0) {
            return invalid_argument("the body is not valid zstd, or needs a window above 8 MiB",
                                    "invalid_zstd");
        }
        if (source.pos > 0) state_->any = true;
        if (source.pos > 0 || target.pos > 0) state_->inside = status != 0;
        more = state_->inside && target.pos == target.size;
    }
    return {};
}

}  // namespace zs::http
