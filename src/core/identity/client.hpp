#pragma once

#include <string>

namespace zs::identity {

// Where a request came from, as the edge knows it: the address behind trusted proxies, without
// port.
struct Client {
    std::string ip;
    std::string user_agent;
};

// The address that attempts are counted by: IPv4 whole, IPv6 by its /64, v4-mapped as IPv4. Text
// that is not an address counts as itself.
std::string network_of(const std::string& ip);

// True when `ip` lies in `range`, an address or a CIDR block ("10.0.0.0/8", "2001:db8::/32").
bool address_in_range(const std::string& ip, const std::string& range);
bool is_address_range(const std::string& text);

}  // namespace zs::identity
