#include "adapters/ws/frame.hpp"

#include "adapters/ws/limits.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace zs::ws {
namespace {

constexpr std::size_t kShortMax = 125;
constexpr std::size_t kMediumMax = 0xffff;
// A buffer that grew beyond this is given back when its message is done.
constexpr std::size_t kKeptBytes = 256;

// Unmasks `bytes`, the first of which is number `at` of its frame.
void unmask(std::span<char> bytes, const std::array<char, 4>& mask, std::uint64_t at) {
    std::array<char, 8> pattern;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        pattern[i] = mask[(at + i) & 3];
    std::uint64_t wide = 0;
    std::memcpy(&wide, pattern.data(), 8);
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, 8);
        word ^= wide;
        std::memcpy(bytes.data() + i, &word, 8);
    }
    for (; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(bytes[i] ^ pattern[i & 7]);
}

bool is_known(std::uint8_t opcode) {
    return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa);
}

bool is_close_code(unsigned code) {
    if (code >= 3000 && code <= 4999) return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

std::string make_frame(Opcode opcode, std::string_view payload) {
    std::string frame;
    frame.reserve(payload.size() + 10);
    frame += static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    const auto size = payload.size();
    int bytes = 0;
    if (size <= kShortMax) {
        frame += static_cast<char>(size);
    } else {
        bytes = size <= kMediumMax ? 2 : 8;
        frame += static_cast<char>(bytes == 2 ? 126 : 127);
    }
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        frame += static_cast<char>((size >> shift) & 0xffU);
    frame += payload;
    return frame;
}

std::string make_close_frame(CloseCode code, std::string_view reason) {
    const auto number = static_cast<unsigned>(code);
    std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xffU)};
    payload += reason.substr(0, limits::kControlPayloadMax - 2);
    return make_frame(Opcode::Close, payload);
}

bool parse_close(std::string_view payload, CloseReason& reason) {
    reason = {};
    if (payload.empty()) return true;
    if (payload.size() == 1) return false;
    const auto high = static_cast<unsigned char>(payload[0]);
    const auto low = static_cast<unsigned char>(payload[1]);
    const unsigned code = (unsigned{high} << 8) | low;
    reason.code = static_cast<std::uint16_t>(code);
    reason.text = payload.substr(2);
    return is_close_code(code);
}

std::size_t FrameReader::header_length() const {
    if (header_size_ < 2) return 2;
    const unsigned length = header_[1] & 0x7fU;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    return 2 + extra + ((header_[1] & 0x80U) != 0 ? 4 : 0);
}

FrameReader::Status FrameReader::fail(CloseCode code, std::string_view problem) {
    code_ = code;
    problem_ = problem;
    return Status::Failed;
}

FrameReader::Status FrameReader::read(std::span<char>& bytes, const Limits& limits, Binary binary,
                                      ClientFrame& frame) {
    if (!problem_.empty()) return Status::Failed;
    while (true) {
        if (!in_payload_) {
            while (header_size_ < header_length()) {
                if (bytes.empty()) return Status::NeedMore;
                header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
                bytes = bytes.subspan(1);
            }
            if (begin_frame(limits) == Status::Failed) return Status::Failed;
        }
        const auto taken = take_payload(bytes, binary);
        if (taken != Status::Frame) return taken;
        const auto finished = finish_frame(frame);
        if (finished != Status::NeedMore) return finished;
    }
}

FrameReader::Status FrameReader::begin_frame(const Limits& limits) {
    if ((header_[0] & 0x70U) != 0) return fail(CloseCode::ProtocolError, "a reserved bit is set");
    const auto opcode = static_cast<std::uint8_t>(header_[0] & 0x0fU);
    if (!is_known(opcode)) return fail(CloseCode::ProtocolError, "the opcode is unknown");
    if ((header_[1] & 0x80U) == 0) return fail(CloseCode::ProtocolError, "the frame is not masked");
    const unsigned coded = header_[1] & 0x7fU;
    const std::size_t extra = coded == 126 ? 2 : coded == 127 ? 8 : 0;
    std::uint64_t length = extra == 0 ? coded : 0;
    for (std::size_t i = 0; i < extra; ++i)
        length = (length << 8) | header_[2 + i];
    if ((extra == 2 && length <= kShortMax) || (extra == 8 && length <= kMediumMax)
        || (length >> 63) != 0) {
        return fail(CloseCode::ProtocolError, "the length is not in its shortest form");
    }
    std::memcpy(mask_.data(), header_.data() + 2 + extra, 4);
    final_ = (header_[0] & 0x80U) != 0;
    opcode_ = static_cast<Opcode>(opcode);
    left_ = length;
    at_ = 0;
    header_size_ = 0;
    in_payload_ = true;
    if (!is_control()) return check_data_frame(opcode_, limits);
    if (!final_) return fail(CloseCode::ProtocolError, "a control frame is in fragments");
    if (length > limits::kControlPayloadMax)
        return fail(CloseCode::ProtocolError, "a control frame is too long");
    control_.clear();
    return Status::Frame;
}

FrameReader::Status FrameReader::check_data_frame(Opcode opcode, const Limits& limits) {
    const bool begun = message_ != Opcode::Continuation;
    if (begun != (opcode == Opcode::Continuation))
        return fail(CloseCode::ProtocolError, "a fragment is out of order");
    if (!begun) {
        message_ = opcode;
        length_ = 0;
        fragments_ = 0;
        text_.clear();
        utf8_.reset();
    }
    const auto max = message_ == Opcode::Text ? limits.text_max : limits.binary_max;
    if (left_ > max || length_ + left_ > max)
        return fail(CloseCode::TooLarge, "the message is too large");
    length_ += left_;
    if (++fragments_ > limits::kFragmentsMax)
        return fail(CloseCode::TooLarge, "the message has too many fragments");
    return Status::Frame;
}

FrameReader::Status FrameReader::take_payload(std::span<char>& bytes, Binary binary) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    const auto piece = bytes.first(count);
    bytes = bytes.subspan(count);
    const bool kept = is_control() || message_ == Opcode::Text || binary == Binary::Kept;
    if (kept) {
        unmask(piece, mask_, at_);
        const std::string_view plain(piece.data(), piece.size());
        if (!is_control() && message_ == Opcode::Text && !utf8_.feed(plain))
            return fail(CloseCode::InvalidText, "the text is not UTF-8");
        (is_control() ? control_ : text_).append(plain);
    }
    left_ -= count;
    at_ += count;
    return left_ == 0 ? Status::Frame : Status::NeedMore;
}

// NeedMore: of the message.
FrameReader::Status FrameReader::finish_frame(ClientFrame& frame) {
    in_payload_ = false;
    if (is_control()) {
        CloseReason reason;
        if (opcode_ == Opcode::Close) {
            if (!parse_close(control_, reason))
                return fail(CloseCode::ProtocolError, "the close code is unknown");
            Utf8Check check;
            if (!check.feed(reason.text) || !check.complete())
                return fail(CloseCode::InvalidText, "the reason is not UTF-8");
        }
        frame.opcode = opcode_;
        frame.payload = std::exchange(control_, {});
        return Status::Frame;
    }
    if (!final_) return Status::NeedMore;
    if (message_ == Opcode::Text && !utf8_.complete())
        return fail(CloseCode::InvalidText, "the text ends inside a character");
    frame.opcode = std::exchange(message_, Opcode::Continuation);
    frame.payload = std::move(text_);
    text_.clear();
    if (text_.capacity() > kKeptBytes) text_ = std::string();
    return Status::Frame;
}

}  // namespace zs::ws
