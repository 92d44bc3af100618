#include "adapters/relational/jobs/job_log_chunk.hpp"

#include <memory>
#include <zstd.h>

namespace zs::relational::log_chunk {
namespace {

constexpr char kPlain = 0;  // the first byte of a payload: how the rest is stored
constexpr char kZstd = 1;
constexpr std::size_t kCompressedFrom = 128;
constexpr int kLevel = 3;
constexpr unsigned char kVersion = 1;
// A line may be 64 KiB long, and masked.
constexpr std::size_t kUnpackedMax = std::size_t{64} << 20;

void put(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out += static_cast<char>(number | 0x80);
        number >>= 7;
    }
    out += static_cast<char>(number);
}

std::uint64_t zigzag(std::int64_t number) {
    return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}

std::int64_t unzigzag(std::uint64_t number) {
    return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

Error unreadable() {
    return data_loss("a piece of a job's log cannot be read");
}

// Reads numbers; zero and `failed` past the end.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) break;
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        failed_ = true;
        return 0;
    }
    std::string_view bytes(std::size_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            return {};
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::size_t left() const { return rest_.size(); }
    bool failed() const { return failed_; }

private:
    std::string_view rest_;
    bool failed_ = false;
};

std::string compress(const std::string& plain) {
    if (plain.size() >= kCompressedFrom) {
        std::string out(1 + ZSTD_compressBound(plain.size()), kZstd);
        const auto size =
            ZSTD_compress(out.data() + 1, out.size() - 1, plain.data(), plain.size(), kLevel);
        if (ZSTD_isError(size) == 0 && size < plain.size()) {
            out.resize(1 + size);
            return out;
        }
    }
    return kPlain + plain;
}

Result<std::string> decompress(std::string_view payload) {
    if (payload.empty()) return unreadable();
    const auto rest = payload.substr(1);
    if (payload.front() == kPlain) return std::string(rest);
    if (payload.front() != kZstd) return unreadable();
    const auto size = ZSTD_getFrameContentSize(rest.data(), rest.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kUnpackedMax)
        return unreadable();
    std::string out(static_cast<std::size_t>(size), '\0');
    const auto got = ZSTD_decompress(out.data(), out.size(), rest.data(), rest.size());
    if (ZSTD_isError(got) != 0 || got != out.size()) return unreadable();
    return out;
}

}  // namespace

std::string pack(std::span<const Line> lines) {
    std::string plain;
    plain.reserve(bytes_of(lines) + lines.size() * 6 + 8);
    put(plain, kVersion);
    put(plain, lines.size());
    std::uint64_t seq = 0;
    std::int64_t at = 0;
    for (const auto& [number, line] : lines) {
        const auto millis = to_unix_millis(line.at);
        put(plain, number - seq);
        put(plain, zigzag(millis - at));
        put(plain, static_cast<std::uint64_t>(line.stream) + (line.part ? 4U : 0U));
        put(plain, line.bytes.size());
        seq = number;
        at = millis;
    }
    for (const auto& entry : lines)
        plain += entry.line.bytes;
    return compress(plain);
}

Result<std::vector<Line>> unpack(std::string_view payload) {
    auto plain = decompress(payload);
    if (!plain) return std::move(plain).error();
    Reader reader(*plain);
    if (reader.number() != kVersion) return unreadable();
    const auto count = reader.number();
    if (count > reader.left()) return unreadable();
    std::vector<Line> lines(static_cast<std::size_t>(count));
    std::vector<std::size_t> lengths;
    lengths.reserve(lines.size());
    std::uint64_t seq = 0;
    std::int64_t at = 0;
    for (auto& entry : lines) {
        seq += reader.number();
        at += unzigzag(reader.number());
        const auto kind = reader.number();
        if ((kind & 3) > 2 || kind > 7) return unreadable();
        entry.seq = seq;
        entry.line.at = from_unix_millis(at);
        entry.line.stream = jobs::LogStream(kind & 3);
        entry.line.part = (kind & 4) != 0;
        lengths.push_back(static_cast<std::size_t>(reader.number()));
    }
    for (std::size_t i = 0; i < lines.size(); ++i)
        lines[i].line.bytes = reader.bytes(lengths[i]);
    if (reader.failed() || reader.left() != 0) return unreadable();
    return lines;
}

std::size_t bytes_of(std::span<const Line> lines) {
    std::size_t bytes = 0;
    for (const auto& entry : lines)
        bytes += entry.line.bytes.size();
    return bytes;
}

std::int64_t streams_of(std::span<const Line> lines) {
    std::int64_t bits = 0;
    for (const auto& entry : lines)
        bits |= bit_of(entry.line.stream);
    return bits;
}

}  // namespace zs::relational::log_chunk
