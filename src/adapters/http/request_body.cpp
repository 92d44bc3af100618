#include "adapters/http/request_body.hpp"

#include "adapters/http/connection.hpp"

#include <algorithm>

namespace zs::http {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
// A client that sends as fast as the handler reads does not keep the loop for itself.
constexpr std::size_t kBytesPerTurn = 1 << 20;
// Below this a high ratio harms nobody.
constexpr std::uint64_t kRatioFromBytes = 1 << 20;

Error stalled_or_gone() {
    return unavailable("the client went away before the body was complete");
}

}  // namespace

void RequestBody::begin(const RequestHead& head) {
    chunked_ = head.chunked;
    left_ = head.content_length.value_or(0);
    complete_ = !head.has_body();
    taken_ = 0;
    decoded_ = 0;
    chunks_ = {};
    inflater_.reset();
    encoded_.clear();
    encoded_at_ = 0;
    failure_.reset();
    limits_ = {};
    since_way_given_ = 0;
}

void RequestBody::expect_gzip() {
    if (!complete_) inflater_ = std::make_unique<GzipInflater>();
}

void RequestBody::expect_zstd() {
    if (!complete_) inflater_ = std::make_unique<ZstdInflater>();
}

std::optional<std::uint64_t> RequestBody::left() const {
    if (complete_) return 0;
    if (chunked_) return std::nullopt;
    return left_;
}

RequestBody::Pull RequestBody::pull(std::string& out) {
    if (complete_) return Pull::End;
    const std::size_t before = out.size();
    const auto pulled = chunked_ ? pull_chunked(out) : pull_sized(out);
    taken_ += out.size() - before;
    return pulled;
}

RequestBody::Pull RequestBody::pull_sized(std::string& out) {
    const auto buffered = connection_.buffered();
    std::size_t got = 0;
    if (!buffered.empty()) {
        got = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffered.size()));
        out.append(buffered.substr(0, got));
        connection_.consume(got);
    } else {
        // Straight from the socket into the piece that the handler gets.
        const std::size_t before = out.size();
        const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPieceBytes));
        if (!connection_.can_receive()) return Pull::NeedInput;
        out.resize(before + room);
        const auto io = connection_.receive_into(out.data() + before, room, got);
        out.resize(before + got);
        if (io == SocketStream::Io::Blocked) return Pull::NeedInput;
        if (io == SocketStream::Io::Closed) return Pull::Gone;
    }
    left_ -= got;
    complete_ = left_ == 0;
    return Pull::Data;
}

RequestBody::Pull RequestBody::pull_chunked(std::string& out) {
    const std::size_t out_max = out.size() + kPieceBytes;
    const std::size_t before = out.size();
    while (true) {
        auto in = connection_.buffered();
        const std::size_t offered = in.size();
        const auto status = chunks_.feed(in, out, out_max);
        connection_.consume(offered - in.size());
        switch (status) {
            case ChunkDecoder::Status::Bad: return Pull::Broken;
            case ChunkDecoder::Status::End: complete_ = true; return Pull::Data;
            case ChunkDecoder::Status::HaveData: return Pull::Data;
            case ChunkDecoder::Status::NeedMore: break;
        }
        if (out.size() - before >= kPieceBytes / 2) return Pull::Data;
        const auto io = connection_.receive_more();
        if (io == SocketStream::Io::Done) continue;
        if (out.size() > before) return Pull::Data;
        return io == SocketStream::Io::Blocked ? Pull::NeedInput : Pull::Gone;
    }
}

RequestBody::Pull RequestBody::pull_gzip(std::string& out) {
    while (true) {
        if (encoded_at_ == encoded_.size()) {
            encoded_.clear();
            encoded_at_ = 0;
            const auto pulled = pull(encoded_);
            if (pulled == Pull::End) {
                // zlib may still hold output back, but then it asked for room and not for input.
                if (inflater_->at_end()) return Pull::End;
                fail(inflater_->ends_early());
                return Pull::Data;
            }
            if (pulled != Pull::Data) return pulled;
        }
        auto in = std::string_view(encoded_).substr(encoded_at_);
        const std::size_t offered = in.size();
        if (auto inflated = inflater_->inflate(in, out, kPieceBytes); !inflated) {
            fail(inflated.error());
            return Pull::Data;
        }
        encoded_at_ += offered - in.size();
        // Also without output: the caller counts what came and lets others have their turn.
        if (!out.empty() || encoded_at_ == encoded_.size()) return Pull::Data;
    }
}

RequestBody::Pull RequestBody::pull_decoded(std::string& out) {
    return inflater_ ? pull_gzip(out) : pull(out);
}

Result<void> RequestBody::check_size(std::size_t more) {
    decoded_ += more;
    // Bytes that decode to nothing count as well, or such a body would never end.
    if (limits_.decoded_max != 0 && std::max(decoded_, taken_) > limits_.decoded_max) {
        return too_large(
                   "the body is larger than " + std::to_string(limits_.decoded_max) + " bytes",
                   std::string(limits_.too_large_reason))
            .with("limit_bytes", static_cast<std::int64_t>(limits_.decoded_max));
    }
    if (inflater_ && decoded_ > kRatioFromBytes && decoded_ / limits_.ratio_max > taken_) {
        return too_large("the body unpacks to more than " + std::to_string(limits_.ratio_max)
                             + " times its size",
                         "compression_ratio");
    }
    return {};
}

async::Task<Result<std::optional<std::string>>> RequestBody::read() {
    std::string out;
    while (true) {
        if (since_way_given_ > kBytesPerTurn) {
            since_way_given_ = 0;
            co_await connection_.give_way();
        }
        if (failure_) co_return *failure_;
        const std::uint64_t taken_before = taken_;
        const auto pulled = pull_decoded(out);
        if (pulled == Pull::Broken) {
            fail(invalid_argument("the body's chunks are malformed"));
        } else if (pulled == Pull::Gone) {
            fail(stalled_or_gone());
        } else if (auto fits = check_size(out.size()); !fits) {
            fail(fits.error());
        }
        if (failure_) co_return *failure_;
        since_way_given_ += out.size() + static_cast<std::size_t>(taken_ - taken_before);
        if (!out.empty()) co_return std::optional<std::string>(std::move(out));
        if (pulled == Pull::End) co_return std::optional<std::string>();
        if (pulled != Pull::NeedInput) continue;
        auto ready = co_await connection_.wait_input();
        if (!ready) fail(ready.error());
    }
}

}  // namespace zs::http
