#include "adapters/http/content_coding.hpp"

#include "base/assert.hpp"
#include "base/encoding.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace zs::http {
namespace {

// 15 window bits, and 16 for gzip's header and trailer instead of zlib's.
constexpr int kGzipWindow = 15 + 16;
// JSON shrinks nearly as far as with the default of 6, and the loop is busy for less time.
constexpr int kLevel = 4;
constexpr std::size_t kGrowBytes = 16384;

// A weight: 0, 0.5, 1.000. nullopt when it is not one. Answers thousandths.
std::optional<int> parse_weight(std::string_view text) {
    if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    int weight = (text[0] - '0') * 1000;
    if (text.size() == 1) return weight;
    if (text[1] != '.' || text.size() > 5) return std::nullopt;
    int scale = 100;
    for (const char c : text.substr(2)) {
        if (c < '0' || c > '9') return std::nullopt;
        weight += (c - '0') * scale;
        scale /= 10;
    }
    return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// The weight of one element "gzip;q=0.5"; an element that cannot be read is not acceptable.
int weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        parameters.remove_prefix(1);  // ';'
        const auto end = std::min(parameters.find(';'), parameters.size());
        const auto parameter = trim(parameters.substr(0, end));
        parameters.remove_prefix(end);
        if (parameter.size() >= 2 && (parameter[0] == 'q' || parameter[0] == 'Q')
            && parameter[1] == '=') {
            return parse_weight(trim(parameter.substr(2))).value_or(0);
        }
    }
    return 1000;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    std::optional<int> by_name;
    std::optional<int> by_star;
    while (!accept_encoding.empty()) {
        const auto end = std::min(accept_encoding.find(','), accept_encoding.size());
        const auto element = accept_encoding.substr(0, end);
        accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
        const auto name_end = std::min(element.find(';'), element.size());
        const auto name = trim(element.substr(0, name_end));
        const int weight = weight_of(element.substr(name_end));
        if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) {
            by_name = std::max(by_name.value_or(0), weight);
        } else if (name == "*") {
            by_star = weight;
        }
    }
    return by_name ? *by_name > 0 : by_star.value_or(0) > 0;
}

bool is_compressible_type(std::string_view content_type) {
    const auto type = trim(content_type.substr(0, content_type.find(';')));
    return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml")
           || type == "application/json" || type == "application/x-ndjson"
           || type == "application/javascript" || type == "application/xml"
           || type == "application/wasm" || type == "application/manifest+json";
}

struct GzipInflater::State {
    z_stream stream{};
    bool inside = false;  // a member has begun and not ended
    bool any = false;
};

GzipInflater::GzipInflater() : state_(std::make_unique<State>()) {
    ZS_ASSERT(inflateInit2(&state_->stream, kGzipWindow) == Z_OK);
}

GzipInflater::~GzipInflater() {
    inflateEnd(&state_->stream);
}

bool GzipInflater::at_end() const {
    return state_->any && !state_->inside;
}

Error GzipInflater::ends_early() const {
    return invalid_argument("the gzip body ends too early", "invalid_gzip");
}

Result<void> GzipInflater::inflate(std::string_view& in, std::string& out, std::size_t out_max) {
    auto& stream = state_->stream;
    bool more = true;  // zlib may hold output back although `in` is empty
    while (out.size() < out_max && (!in.empty() || more)) {
        if (!state_->inside) {
            if (in.empty()) break;
            if (state_->any) inflateReset(&stream);
            state_->inside = true;
            state_->any = true;
        }
        const std::size_t before = out.size();
        const std::size_t room = std::min(out_max - before, kGrowBytes);
        out.resize(before + room);
        const auto offered = static_cast<uInt>(std::min<std::size_t>(in.size(), 1U << 20));
        // zlib does not write to its input; its interface is older than const.
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        stream.avail_in = offered;
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(room);
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        in.remove_prefix(offered - stream.avail_in);
        out.resize(before + room - stream.avail_out);
        more = stream.avail_out == 0;
        if (status == Z_STREAM_END) {
            state_->inside = false;
            more = false;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return invalid_argument("the body is not valid gzip", "invalid_gzip");
        } else if (status == Z_BUF_ERROR && in.empty()) {
            break;
        }
    }
    return {};
}

struct GzipDeflater::State {
    z_stream stream{};
};

GzipDeflater::GzipDeflater() : state_(std::make_unique<State>()) {
    ZS_ASSERT(deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY)
              == Z_OK);
}

GzipDeflater::~GzipDeflater() {
    deflateEnd(&state_->stream);
}

void GzipDeflater::deflate(std::string_view in, std::string& out, Mode mode) {
    auto& stream = state_->stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    ZS_ASSERT(in.size() <= std::numeric_limits<uInt>::max());
    stream.avail_in = static_cast<uInt>(in.size());
    do {
        const std::size_t before = out.size();
        out.resize(before + kGrowBytes);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(kGrowBytes);
        const int status = ::deflate(&stream, mode == Mode::Finish ? Z_FINISH : Z_SYNC_FLUSH);
        ZS_ASSERT(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
        out.resize(before + kGrowBytes - stream.avail_out);
    } while (stream.avail_out == 0);
}

}  // namespace zs::http
