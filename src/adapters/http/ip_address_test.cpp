#include "adapters/http/ip_address.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(IpAddress, ParsesAndPrints) {
    EXPECT_EQ(ip("1.2.3.4").to_string(), "1.2.3.4");
    EXPECT_EQ(ip("::FFFF:1.2.3.4"), ip("1.2.3.4"));
    EXPECT_EQ(ip("2001:DB8::1").to_string(), "2001:db8::1");
    for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "::1%eth0", "x", "1.2.3.4 ", "[::1]"}) {
        EXPECT_FALSE(IpAddress::parse(bad)) << bad;
    }
}

TEST(IpAddress, KnowsLoopback) {
    EXPECT_TRUE(ip("127.9.9.9").is_loopback());
    EXPECT_TRUE(ip("::1").is_loopback());
    EXPECT_FALSE(ip("::2").is_loopback());
    EXPECT_FALSE(ip("128.0.0.1").is_loopback());
}

TEST(IpAddress, CountsIPv6By64Bits) {
    EXPECT_EQ(ip("2001:db8:0:1::1").client_key(), ip("2001:db8:0:1:ffff::2").client_key());
    EXPECT_NE(ip("2001:db8:0:1::1").client_key(), ip("2001:db8:0:2::1").client_key());
    EXPECT_NE(ip("1.2.3.4").client_key(), ip("1.2.3.5").client_key());
}

TEST(CidrList, ContainsItsNetworks) {
    const auto list =
        CidrList::parse({"10.0.0.0/8", " fd00::/9 ", "192.0.2.7", "198.51.100.64/26"});
    ASSERT_TRUE(list);
    for (const char* in :
         {"10.255.0.1", "fd7f::1", "192.0.2.7", "198.51.100.127", "::ffff:10.0.0.1"}) {
        EXPECT_TRUE(list->contains(ip(in))) << in;
    }
    for (const char* out : {"11.0.0.1", "fd80::1", "192.0.2.8", "198.51.100.128", "::1"}) {
        EXPECT_FALSE(list->contains(ip(out))) << out;
    }
    for (const char* bad :
         {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "host", "", "1.2.3.4/-1"}) {
        EXPECT_FALSE(CidrList::parse({bad})) << bad;
    }
}

TEST(ForwardedClient, IsTheLastUnlistedAddress) {
    const auto trusted = CidrList::parse({"10.0.0.0/8"}).value();
    const auto client = [&](const char* peer, std::string_view forwarded) {
        return forwarded_client(ip(peer), forwarded, trusted).to_string();
    };
    EXPECT_EQ(client("10.0.0.1", "203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    EXPECT_EQ(client("203.0.113.1", "1.1.1.1"), "203.0.113.1");  // not a proxy of ours
    EXPECT_EQ(client("10.0.0.1", ""), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", "1.1.1.1, unknown"), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", "10.0.0.9"), "10.0.0.9");
    EXPECT_EQ(client("10.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
    EXPECT_EQ(client("10.0.0.1", "203.0.113.9:80"), "203.0.113.9");
}

}  // namespace
}  // namespace zs::http
