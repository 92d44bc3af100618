#include "adapters/http/chunk_decoder.hpp"

#include <algorithm>

namespace zs::http {
namespace {

constexpr int kSizeDigitsMax = 15;
constexpr std::size_t kOverheadBytesMax = 16384;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7F;
}

}  // namespace

ChunkDecoder::Status ChunkDecoder::feed(std::string_view& in, std::string& out,
                                        std::size_t out_max) {
    while (!in.empty()) {
        if (state_ == State::Data) {
            if (out.size() >= out_max) return Status::HaveData;
            const auto room = std::min<std::uint64_t>(out_max - out.size(), in.size());
            const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, room));
            out.append(in.substr(0, take));
            in.remove_prefix(take);
            left_ -= take;
            if (left_ == 0) state_ = State::DataCr;
            continue;
        }
        const char c = in.front();
        in.remove_prefix(1);
        if (const auto status = step(c); status != Status::NeedMore) return status;
    }
    return Status::NeedMore;
}

// One byte of what is not data. NeedMore: go on.
ChunkDecoder::Status ChunkDecoder::step(char c) {
    switch (state_) {
        case State::Size:
            if (const int digit = hex_digit(c); digit >= 0) {
                left_ = left_ * 16 + static_cast<unsigned>(digit);
                return ++digits_ > kSizeDigitsMax ? Status::Bad : Status::NeedMore;
            }
            if (digits_ == 0) return Status::Bad;
            if (c == ';') {
                state_ = State::Extension;
                return Status::NeedMore;
            }
            state_ = State::SizeEnd;
            return c == '\r' ? Status::NeedMore : Status::Bad;
        case State::Extension:
            if (c == '\r') {
                state_ = State::SizeEnd;
                return Status::NeedMore;
            }
            return is_control(c) || ++overhead_ > kOverheadBytesMax ? Status::Bad
                                                                    : Status::NeedMore;
        case State::SizeEnd:
            last_ = left_ == 0;
            digits_ = 0;
            line_empty_ = true;
            state_ = last_ ? State::Trailer : State::Data;
            return c == '\n' ? Status::NeedMore : Status::Bad;
        case State::DataCr:
            state_ = State::DataLf;
            return c == '\r' ? Status::NeedMore : Status::Bad;
        case State::DataLf: state_ = State::Size; return c == '\n' ? Status::NeedMore : Status::Bad;
        case State::Trailer:
        case State::TrailerLf: return trailer(c);
        case State::Data: break;
    }
    return Status::Bad;
}

ChunkDecoder::Status ChunkDecoder::trailer(char c) {
    if (state_ == State::TrailerLf) {
        if (c != '\n') return Status::Bad;
        if (line_empty_) return Status::End;
        line_empty_ = true;
        state_ = State::Trailer;
        return Status::NeedMore;
    }
    if (c == '\r') {
        state_ = State::TrailerLf;
        return Status::NeedMore;
    }
    if (line_empty_ && (c == ' ' || c == '\t')) return Status::Bad;  // folded
    line_empty_ = false;
    return is_control(c) || ++overhead_ > kOverheadBytesMax ? Status::Bad : Status::NeedMore;
}

}  // namespace zs::http
