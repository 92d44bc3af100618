#include "adapters/http/server_core.hpp"

#include "adapters/http/request_id.hpp"
#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::http {
namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(ConnectionCaps, CountsPerAddressAndInAll) {
    ConnectionCaps caps(5, 2);
    EXPECT_TRUE(caps.admit(ip("203.0.113.1")));
    EXPECT_TRUE(caps.admit(ip("203.0.113.1")));
    EXPECT_FALSE(caps.admit(ip("203.0.113.1")));
    EXPECT_TRUE(caps.admit(ip("203.0.113.2")));
    EXPECT_EQ(caps.total(), 3u);
    caps.release(ip("203.0.113.1"));
    EXPECT_TRUE(caps.admit(ip("203.0.113.1")));
    EXPECT_TRUE(caps.admit(ip("2001:db8::1")));
    EXPECT_TRUE(caps.admit(ip("2001:db8::2")));
    EXPECT_FALSE(caps.admit(ip("203.0.113.9")));  // five in all
    EXPECT_EQ(caps.total(), 5u);
}

TEST(ConnectionCaps, ASubnetOfIPv6IsOneClientAndLoopbackIsExempt) {
    ConnectionCaps caps(100, 1);
    EXPECT_TRUE(caps.admit(ip("2001:db8::1")));
    EXPECT_FALSE(caps.admit(ip("2001:db8::2")));
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(caps.admit(ip("127.0.0.1")));
    EXPECT_TRUE(caps.admit(ip("::1")));
}

TEST(RequestIds, AreUuidsThatGrow) {
    RequestIds ids;
    std::string last;
    std::set<std::string> seen;
    for (int i = 0; i < 10000; ++i) {
        char text[RequestIds::kLength];
        ids.mint(1'760'000'000'000 + i / 5000, text);
        const std::string id(text, sizeof text);
        ASSERT_TRUE(Uuid::parse(id)) << id;
        EXPECT_EQ(id[14], '7');
        EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
        EXPECT_LT(last, id);
        EXPECT_TRUE(seen.insert(id.substr(19)).second);
        last = id;
    }
}

TEST(RequestIds, OnlyHarmlessOnesAreTakenOver) {
    for (const char* good : {"a", "A-1_b.c", "0198c0de-0000-7000-8000-000000000000"}) {
        EXPECT_TRUE(is_request_id(good));
    }
    for (const char* bad : {"", "a b", "a\"b", "a/b", "ä", "a,b"})
        EXPECT_FALSE(is_request_id(bad));
    EXPECT_TRUE(is_request_id(std::string(64, 'x')));
    EXPECT_FALSE(is_request_id(std::string(65, 'x')));
}

}  // namespace
}  // namespace zs::http
