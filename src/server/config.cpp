#include "server/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace zs::server {
namespace {

Error not_an_endpoint() {
    return invalid_argument("an address with a port, such as 127.0.0.1:8080 or [::1]:8080");
}

}  // namespace

bool Endpoint::is_loopback() const {
    if (host == "localhost") return true;
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(host, failed);
    if (failed) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
            .is_loopback();
    }
    return address.is_loopback();
}

std::string Endpoint::to_string() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return not_an_endpoint();
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return not_an_endpoint();  // "::1:80" could mean two things
    }
    Endpoint out{.host = std::string(host), .port = 0};
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (failed != std::errc() || end != port.data() + port.size()) return not_an_endpoint();
    boost::system::error_code bad_host;
    boost::asio::ip::make_address(out.host, bad_host);
    if (bad_host && out.host != "localhost") return not_an_endpoint();
    return out;
}

}  // namespace zs::server
