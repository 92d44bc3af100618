#pragma once

#include "adapters/ws/close_code.hpp"
#include "adapters/ws/utf8_check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zs::ws {

enum class Opcode : std::uint8_t {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
};

// A whole frame of the server: never masked, never in fragments.
std::string make_frame(Opcode opcode, std::string_view payload);
std::string make_close_frame(CloseCode code, std::string_view reason);
inline std::string make_text_frame(std::string_view text) {
    return make_frame(Opcode::Text, text);
}

// A whole message of the client, put together from its fragments; or a control frame.
struct ClientFrame {
    Opcode opcode = Opcode::Text;  // never Continuation
    std::string payload;           // unmasked; of a binary message that is not kept: empty
};

// What a close frame of the client says. 1005: nothing.
struct CloseReason {
    std::uint16_t code = 1005;
    std::string_view text;
};
// False: a code or a reason that must not be sent.
bool parse_close(std::string_view payload, CloseReason& reason);

// Reads frames of a client from bytes cut anywhere, strictly: unmasked frames, reserved bits and
// opcodes, lengths that are not the shortest, fragments out of order, long or fragmented control
// frames are errors, as is text that is not UTF-8, at its first bad byte. After an error nothing
// more can be read.
// Threading: one. Source: RFC 6455 section 5.
class FrameReader {
public:
    struct Limits {
        std::size_t text_max = 64 * 1024;
        std::size_t binary_max = 1 << 20;
    };
    enum class Binary { Dropped, Kept };
    enum class Status { NeedMore, Frame, Failed };

    // Takes bytes from the front, and unmasks them in place. `frame` is filled for Status::Frame.
    Status read(std::span<char>& bytes, const Limits& limits, Binary binary, ClientFrame& frame);

    // After Status::Failed.
    CloseCode close_code() const { return code_; }
    std::string_view problem() const { return problem_; }
    // Nothing of a frame or message has come.
    bool between_messages() const {
        return header_size_ == 0 && message_ == Opcode::Continuation && left_ == 0;
    }

private:
    std::size_t header_length() const;
    Status begin_frame(const Limits& limits);
    Status check_data_frame(Opcode opcode, const Limits& limits);
    Status take_payload(std::span<char>& bytes, Binary binary);
    Status finish_frame(ClientFrame& frame);
    Status fail(CloseCode code, std::string_view problem);
    bool is_control() const { return (static_cast<unsigned>(opcode_) & 0x8U) != 0; }

    std::array<std::uint8_t, 14> header_{};
    std::uint8_t header_size_ = 0;
    bool in_payload_ = false;
    bool final_ = false;
    Opcode opcode_ = Opcode::Continuation;   // of the frame
    Opcode message_ = Opcode::Continuation;  // of the message; Continuation: none has begun
    std::array<char, 4> mask_{};
    std::uint64_t left_ = 0;    // of the frame's payload
    std::uint64_t at_ = 0;      // in it
    std::uint64_t length_ = 0;  // of the message so far
    std::uint32_t fragments_ = 0;
    Utf8Check utf8_;
    std::string text_;     // of the message
    std::string control_;  // of a control frame in between
    CloseCode code_ = CloseCode::Normal;
    std::string_view problem_;
};

}  // namespace zs::ws
