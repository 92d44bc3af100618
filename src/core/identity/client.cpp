#include "core/identity/client.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>

namespace zs::identity {
namespace {
namespace ip = boost::asio::ip;

std::optional<ip::address> parse_address(const std::string& text) {
    boost::system::error_code error;
    auto address = ip::make_address(text, error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

struct Range {
    ip::address base;
    unsigned prefix = 0;
};

std::optional<Range> parse_range(const std::string& text) {
    const auto slash = text.find('/');
    const auto base = parse_address(text.substr(0, slash));
    if (!base) return std::nullopt;
    const unsigned widest = base->is_v4() ? 32 : 128;
    if (slash == std::string::npos) return Range{*base, widest};
    const std::string digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    unsigned prefix = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        prefix = prefix * 10 + static_cast<unsigned>(c - '0');
    }
    if (prefix > widest) return std::nullopt;
    return Range{*base, prefix};
}

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
    for (std::size_t i = 0; bits > 0; ++i) {
        const unsigned here = bits >= 8 ? 8 : bits;
        const auto mask = static_cast<unsigned>(0xFF00U >> here) & 0xFFU;
        if ((a[i] & mask) != (b[i] & mask)) return false;
        bits -= here;
    }
    return true;
}
}  // namespace

std::string network_of(const std::string& text) {
    const auto address = parse_address(text);
    if (!address) return text;
    if (address->is_v4()) return address->to_string();
    auto bytes = address->to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes).to_string() + "/64";
}

bool address_in_range(const std::string& text, const std::string& range_text) {
    const auto address = parse_address(text);
    const auto range = parse_range(range_text);
    if (!address || !range || address->is_v4() != range->base.is_v4()) return false;
    if (address->is_v4()) {
        return same_prefix(address->to_v4().to_bytes(), range->base.to_v4().to_bytes(),
                           range->prefix);
    }
    return same_prefix(address->to_v6().to_bytes(), range->base.to_v6().to_bytes(), range->prefix);
}

bool is_address_range(const std::string& text) {
    return parse_range(text).has_value();
}

}  // namespace zs::identity
