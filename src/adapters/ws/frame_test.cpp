#include "adapters/ws/frame.hpp"

#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace zs::ws {
namespace {

constexpr std::string_view kMask = "\x12\x34\x56\x78";

// A client's frame. `first` is the first byte: FIN, reserved bits, opcode.
std::string client_frame(unsigned first, std::string_view payload, int length_bytes = -1) {
    const auto size = payload.size();
    if (length_bytes < 0) length_bytes = size <= 125 ? 0 : size <= 0xffff ? 2 : 8;
    std::string frame(1, static_cast<char>(first));
    const std::size_t coded = length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127;
    frame += static_cast<char>(0x80U | coded);
    for (int i = length_bytes - 1; i >= 0; --i)
        frame += static_cast<char>((size >> (8 * i)) & 0xff);
    frame += kMask;
    for (std::size_t i = 0; i < size; ++i)
        frame += static_cast<char>(payload[i] ^ kMask[i % 4]);
    return frame;
}

struct Outcome {
    std::vector<ClientFrame> frames;
    FrameReader::Status status = FrameReader::Status::NeedMore;
    CloseCode code = CloseCode::Normal;
    std::string problem;
};

// Reads `bytes` in pieces that end at `cuts`.
Outcome read_in_pieces(std::string bytes, const std::vector<std::size_t>& cuts,
                       FrameReader::Binary binary = FrameReader::Binary::Kept) {
    FrameReader reader;
    Outcome outcome;
    std::size_t at = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const auto end = i < cuts.size() ? cuts[i] : bytes.size();
        std::span<char> piece(bytes.data() + at, end - at);
        at = end;
        while (true) {
            ClientFrame frame;
            outcome.status = reader.read(piece, {1000, 2000}, binary, frame);
            if (outcome.status != FrameReader::Status::Frame) break;
            outcome.frames.push_back(std::move(frame));
        }
        if (outcome.status == FrameReader::Status::Failed) break;
    }
    outcome.code = reader.close_code();
    outcome.problem = reader.problem();
    return outcome;
}

Outcome read(std::string bytes) {
    return read_in_pieces(std::move(bytes), {});
}

void expect_failure(std::string bytes, CloseCode code, const char* what) {
    const auto outcome = read(std::move(bytes));
    EXPECT_EQ(outcome.status, FrameReader::Status::Failed) << what;
    EXPECT_EQ(outcome.code, code) << what << ": " << outcome.problem;
}

TEST(Frame, EveryOpcodeOfAClientIsRead) {
    for (const auto opcode :
         {Opcode::Text, Opcode::Binary, Opcode::Ping, Opcode::Pong, Opcode::Close}) {
        const std::string payload = opcode == Opcode::Close ? "\x03\xe8gone" : "hello";
        const auto outcome = read(client_frame(0x80U | static_cast<unsigned>(opcode), payload));
        ASSERT_EQ(outcome.frames.size(), 1U);
        EXPECT_EQ(outcome.frames[0].opcode, opcode);
        EXPECT_EQ(outcome.frames[0].payload, payload);
    }
}

TEST(Frame, EveryOpcodeAndReservedBitElseIsRefused) {
    for (unsigned opcode = 0; opcode < 16; ++opcode) {
        for (unsigned reserved = 0; reserved < 8; ++reserved) {
            const bool known = opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10);
            const auto outcome = read(client_frame(0x80U | (reserved << 4) | opcode, ""));
            EXPECT_EQ(outcome.status == FrameReader::Status::Failed, !known || reserved != 0)
                << opcode << " " << reserved;
            if (outcome.status == FrameReader::Status::Failed) {
                EXPECT_EQ(outcome.code, CloseCode::ProtocolError);
            }
        }
    }
}

TEST(Frame, BytesMayBeCutAnywhere) {
    const std::string bytes = client_frame(0x01, "Gr\xc3") + client_frame(0x89, "ping")
                              + client_frame(0x00, "\xbc\xc3\x9f") + client_frame(0x80, "e")
                              + client_frame(0x82, std::string(200, 'b'))
                              + client_frame(0x88, "\x0f\xa1");
    const auto whole = read(bytes);
    ASSERT_EQ(whole.frames.size(), 4U);
    EXPECT_EQ(whole.frames[0].payload, "ping");
    EXPECT_EQ(whole.frames[1].payload,
              "Gr\xc3\xbc\xc3\x9f"
              "e");
    EXPECT_EQ(whole.frames[2].payload, std::string(200, 'b'));
    const auto same = [&](const Outcome& outcome) {
        return std::equal(outcome.frames.begin(), outcome.frames.end(), whole.frames.begin(),
                          whole.frames.end(), [](const auto& a, const auto& b) {
                              return a.opcode == b.opcode && a.payload == b.payload;
                          });
    };
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
        EXPECT_TRUE(same(read_in_pieces(bytes, {cut}))) << cut;
    std::vector<std::size_t> all(bytes.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = i;
    EXPECT_TRUE(same(read_in_pieces(bytes, all)));
}

TEST(Frame, LengthsAreShortestAndBounded) {
    for (const std::size_t size : {0U, 125U, 126U, 1000U}) {
        const auto outcome = read(client_frame(0x81, std::string(size, 'x')));
        ASSERT_EQ(outcome.frames.size(), 1U) << size;
        EXPECT_EQ(outcome.frames[0].payload.size(), size);
    }
    expect_failure(client_frame(0x81, "x", 2), CloseCode::ProtocolError, "two bytes for one");
    expect_failure(client_frame(0x81, "x", 8), CloseCode::ProtocolError, "eight bytes for one");
    expect_failure(client_frame(0x82, std::string(300, 'x'), 8), CloseCode::ProtocolError, "eight");
    expect_failure(client_frame(0x81, std::string(1001, 'x')), CloseCode::TooLarge, "text");
    expect_failure(client_frame(0x82, std::string(2001, 'x')), CloseCode::TooLarge, "binary");
    expect_failure(
        client_frame(0x01, std::string(900, 'x')) + client_frame(0x80, std::string(101, 'x')),
        CloseCode::TooLarge, "together");
    std::string huge("\x81\xff", 2);
    huge += std::string(8, '\xff') + std::string(kMask);
    expect_failure(huge, CloseCode::ProtocolError, "the highest bit of the length");
    huge[2] = '\x7f';
    expect_failure(huge, CloseCode::TooLarge, "before any byte of it came");
}

TEST(Frame, WhatRfc6455ForbidsIsRefused) {
    expect_failure(std::string("\x81\x01x", 3), CloseCode::ProtocolError, "not masked");
    expect_failure(client_frame(0x80, "x"), CloseCode::ProtocolError, "nothing to continue");
    expect_failure(client_frame(0x01, "a") + client_frame(0x81, "b"), CloseCode::ProtocolError,
                   "a message inside another");
    expect_failure(client_frame(0x09, "x"), CloseCode::ProtocolError, "a fragmented ping");
    expect_failure(client_frame(0x89, std::string(126, 'x')), CloseCode::ProtocolError,
                   "a long ping");
    expect_failure(client_frame(0x88, "\x03"), CloseCode::ProtocolError, "half a close code");
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U}) {
        const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
        expect_failure(client_frame(0x88, payload), CloseCode::ProtocolError, "a close code");
    }
    expect_failure(client_frame(0x88, "\x03\xe8\xff"), CloseCode::InvalidText, "a close reason");
    std::string fragments = client_frame(0x01, "");
    for (int i = 0; i < 2000; ++i)
        fragments += client_frame(0x00, "");
    expect_failure(fragments, CloseCode::TooLarge, "endless empty fragments");
}

TEST(Frame, TextIsUtf8FromItsFirstBadByteOn) {
    for (const char* good : {"", "plain", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                             "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(read(client_frame(0x81, good)).frames.size(), 1U) << to_hex(good);
    }
    for (const char* bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xc3(", "\xc3", "\xe2\x82"}) {
        expect_failure(client_frame(0x81, bad), CloseCode::InvalidText, bad);
    }
    // It is not waited for the end of the message.
    expect_failure(client_frame(0x01, "\xff"), CloseCode::InvalidText, "the first fragment");
    EXPECT_EQ(read(client_frame(0x82, "\xff")).frames.size(), 1U) << "binary may be anything";
}

TEST(Frame, TheCheckAgreesWithTheWholeTextCheck) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string alphabet = "a\x80\xbf\xc2\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xc3\xe1";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto left = random() % 6; left > 0; --left)
            text += alphabet[random() % alphabet.size()];
        Utf8Check check;
        const auto cut = random() % (text.size() + 1);
        const bool fed = check.feed(std::string_view(text).substr(0, cut))
                         && check.feed(std::string_view(text).substr(cut));
        EXPECT_EQ(fed && check.complete(), is_utf8(text)) << to_hex(text) << " cut at " << cut;
    }
}

TEST(Frame, ADroppedBinaryMessageTakesNoMemory) {
    const auto bytes = client_frame(0x02, std::string(900, 'x')) + client_frame(0x80, "y");
    const auto outcome = read_in_pieces(bytes, {}, FrameReader::Binary::Dropped);
    ASSERT_EQ(outcome.frames.size(), 1U);
    EXPECT_EQ(outcome.frames[0].opcode, Opcode::Binary);
    EXPECT_EQ(outcome.frames[0].payload, "");
}

TEST(Frame, FramesOfTheServerHaveTheShortestLength) {
    EXPECT_EQ(make_frame(Opcode::Text, "hi"), "\x81\x02hi");
    EXPECT_EQ(make_frame(Opcode::Ping, ""), std::string("\x89\0", 2));
    EXPECT_EQ(make_text_frame(std::string(125, 'x')).substr(0, 2), "\x81\x7d");
    EXPECT_EQ(make_text_frame(std::string(126, 'x')).substr(0, 4),
              std::string("\x81\x7e\0\x7e", 4));
    EXPECT_EQ(make_text_frame(std::string(65535, 'x')).substr(0, 4), "\x81\x7e\xff\xff");
    EXPECT_EQ(make_text_frame(std::string(65536, 'x')).substr(0, 10),
              std::string("\x81\x7f\0\0\0\0\0\1\0\0", 10));
    EXPECT_EQ(make_close_frame(CloseCode::Slow, "slow"), "\x88\x06\x11\x9cslow");
    EXPECT_EQ(make_close_frame(CloseCode::Slow, std::string(200, 'x')).size(), 2U + 125U);
}

}  // namespace
}  // namespace zs::ws
