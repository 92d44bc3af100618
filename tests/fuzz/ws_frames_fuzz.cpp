#include "adapters/ws/frame.hpp"
#include "base/encoding.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace zs::ws;

struct Reading {
    std::vector<ClientFrame> frames;
    FrameReader::Status status = FrameReader::Status::NeedMore;
    CloseCode code = CloseCode::Normal;
};

Reading read(std::string bytes, std::size_t step) {
    Reading reading;
    FrameReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::span<char> piece(bytes.data() + at, std::min(step, bytes.size() - at));
        while (true) {
            ClientFrame frame;
            reading.status = reader.read(piece, {512, 1024}, FrameReader::Binary::Kept, frame);
            if (reading.status != FrameReader::Status::Frame) break;
            reading.frames.push_back(std::move(frame));
        }
        if (reading.status == FrameReader::Status::Failed) break;
    }
    reading.code = reader.close_code();
    return reading;
}

void check(const ClientFrame& frame) {
    switch (frame.opcode) {
        case Opcode::Text:
            if (frame.payload.size() > 512 || !zs::is_utf8(frame.payload)) std::abort();
            return;
        case Opcode::Binary:
            if (frame.payload.size() > 1024) std::abort();
            return;
        case Opcode::Close:
        case Opcode::Ping:
        case Opcode::Pong:
            if (frame.payload.size() > 125) std::abort();
            return;
        case Opcode::Continuation: std::abort();
    }
}

}  // namespace

// However the bytes are cut, the same messages come out, and the same error. What comes out keeps
// the limits, and text is UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = read(bytes, std::max<std::size_t>(size, 1));
    const auto slow = read(bytes, 1);
    if (whole.status != slow.status || whole.code != slow.code) std::abort();
    if (whole.frames.size() != slow.frames.size()) std::abort();
    for (std::size_t i = 0; i < whole.frames.size(); ++i) {
        check(whole.frames[i]);
        if (whole.frames[i].opcode != slow.frames[i].opcode) std::abort();
        if (whole.frames[i].payload != slow.frames[i].payload) std::abort();
    }
    return 0;
}
