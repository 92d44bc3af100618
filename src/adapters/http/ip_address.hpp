#pragma once

#include "base/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace zs::http {

// An IP address; IPv4 is kept as its IPv4-mapped IPv6 form, so that both ways of writing are equal.
class IpAddress {
public:
    IpAddress() = default;
    static std::optional<IpAddress> parse(std::string_view text);
    static IpAddress from_socket(const sockaddr& address);

    std::string to_string() const;
    bool is_v4() const;
    bool is_loopback() const;
    // What one client is counted by: the whole of an IPv4 address, the first 64 bits of an IPv6
    // one.
    std::uint64_t client_key() const;
    bool in_prefix(const IpAddress& network, unsigned bits) const;
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    bool operator==(const IpAddress&) const = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

// Networks such as "10.0.0.0/8", "fd00::/8" or a single address.
class CidrList {
public:
    // Errors: InvalidArgument naming the entry.
    static Result<CidrList> parse(const std::vector<std::string>& entries);
    bool contains(const IpAddress& address) const;
    bool empty() const { return networks_.empty(); }

private:
    struct Network {
        IpAddress address;
        unsigned bits = 128;
    };
    std::vector<Network> networks_;
};

// Who really asks when a listed proxy stands in front: the last address in X-Forwarded-For that is
// not itself a listed proxy. What the client wrote in front of that proves nothing.
IpAddress forwarded_client(const IpAddress& peer, std::string_view forwarded_for,
                           const CidrList& trusted);

}  // namespace zs::http
