#include "adapters/http/ip_address.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace zs::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

// "[::1]:80" and "1.2.3.4:80" without the port.
std::string_view without_port(std::string_view text) {
    if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
    const auto colon = text.find(':');
    const bool single = colon != std::string_view::npos && text.rfind(':') == colon;
    return single ? text.substr(0, colon) : text;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    char terminated[INET6_ADDRSTRLEN + 1] = {};
    if (text.empty() || text.size() > INET6_ADDRSTRLEN) return std::nullopt;
    std::memcpy(terminated, text.data(), text.size());
    IpAddress address;
    if (::inet_pton(AF_INET6, terminated, address.bytes_.data()) == 1) return address;
    if (::inet_pton(AF_INET, terminated, address.bytes_.data() + 12) != 1) return std::nullopt;
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin());
    return address;
}

IpAddress IpAddress::from_socket(const sockaddr& address) {
    IpAddress out;
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        std::memcpy(out.bytes_.data(), &v6.sin6_addr, 16);
    } else if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), out.bytes_.begin());
        std::memcpy(out.bytes_.data() + 12, &v4.sin_addr, 4);
    }
    return out;
}

bool IpAddress::is_v4() const {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const {
    if (is_v4()) return bytes_[12] == 127;
    return std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; })
           && bytes_[15] == 1;
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (is_v4()) {
        ::inet_ntop(AF_INET, bytes_.data() + 12, text, sizeof text);
    } else {
        ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    }
    return text;
}

std::uint64_t IpAddress::client_key() const {
    std::uint64_t key = 0;
    std::memcpy(&key, bytes_.data() + (is_v4() ? 8 : 0), 8);
    return key;
}

bool IpAddress::in_prefix(const IpAddress& network, unsigned bits) const {
    const std::size_t whole = bits / 8;
    if (std::memcmp(bytes_.data(), network.bytes_.data(), whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xFF << (8 - bits % 8));
    return (bytes_[whole] & mask) == (network.bytes_[whole] & mask);
}

Result<CidrList> CidrList::parse(const std::vector<std::string>& entries) {
    CidrList list;
    for (const auto& entry : entries) {
        const std::string_view text = trim(entry);
        const auto slash = text.find('/');
        const auto address = IpAddress::parse(text.substr(0, slash));
        const auto bad = [&] {
            return invalid_argument("'" + entry
                                    + "' is not a network such as 10.0.0.0/8 or fd00::/8");
        };
        if (!address) return bad();
        Network network{*address, 128};
        if (slash != std::string_view::npos) {
            const auto digits = text.substr(slash + 1);
            unsigned bits = 0;
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), bits);
            const unsigned bits_max = address->is_v4() ? 32 : 128;
            if (error != std::errc{} || end != digits.data() + digits.size() || bits > bits_max) {
                return bad();
            }
            network.bits = bits + (address->is_v4() ? 96 : 0);
        }
        list.networks_.push_back(network);
    }
    return list;
}

bool CidrList::contains(const IpAddress& address) const {
    return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
        return address.in_prefix(network.address, network.bits);
    });
}

IpAddress forwarded_client(const IpAddress& peer, std::string_view forwarded_for,
                           const CidrList& trusted) {
    IpAddress client = peer;
    while (!forwarded_for.empty() && trusted.contains(client)) {
        const auto comma = forwarded_for.rfind(',');
        const auto last =
            comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
        forwarded_for =
            comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
        const auto address = IpAddress::parse(without_port(trim(last)));
        if (!address) break;
        client = *address;
    }
    return client;
}

}  // namespace zs::http
