#include "server/key_values.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace zs::server {
namespace {

namespace ip = boost::asio::ip;

std::string check_host(const KeyValue& value) {
    boost::system::error_code failed;
    const auto& text = as_text(value);
    if (text == "localhost") return {};
    ip::make_address(text, failed);
    return failed ? "an IP address, or localhost" : "";
}

bool is_address_or_block(const std::string& text) {
    boost::system::error_code failed;
    ip::make_address(text, failed);
    if (!failed) return true;
    failed.clear();
    ip::make_network_v4(text, failed);
    if (!failed) return true;
    failed.clear();
    ip::make_network_v6(text, failed);
    return !failed;
}

std::string check_proxies(const KeyValue& value) {
    for (const auto& item : std::get<std::vector<std::string>>(value)) {
        if (!is_address_or_block(item)) return "a list of IP addresses or CIDR blocks";
    }
    return {};
}

// An origin as browsers send it: scheme, host, perhaps a port, and nothing after it.
bool is_origin(std::string_view text) {
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return false;
    const auto name = text.substr(0, scheme);
    if (name != "http" && name != "https") return false;
    const auto rest = text.substr(scheme + 3);
    return !rest.empty() && rest.find_first_of("/?#@ *\t") == std::string_view::npos;
}

std::string check_origins(const KeyValue& value) {
    for (const auto& item : std::get<std::vector<std::string>>(value)) {
        if (item != "*" && !is_origin(item)) {
            return "a list of origins such as https://app.example.org, without a path";
        }
    }
    return {};
}

std::string check_data(const KeyValue& value) {
    return as_text(value).empty() ? "the path of a directory" : "";
}

void apply_origins(Config& config, const KeyValue& value) {
    config.server.cors_any_origin = false;
    config.server.cors_origins.clear();
    for (const auto& item : std::get<std::vector<std::string>>(value)) {
        if (item == "*") {
            config.server.cors_any_origin = true;
        } else {
            config.server.cors_origins.push_back(item);
        }
    }
}

void apply_hsts(Config& config, const KeyValue& value) {
    const auto& text = as_text(value);
    config.server.hsts = text == "always" ? Hsts::Always : text == "off" ? Hsts::Off : Hsts::Auto;
}

std::vector<ConfigKey> address_keys() {
    return {
        {.name = "server.addr",
         .type = KeyType::Endpoint,
         .fallback = "127.0.0.1:8080",
         .help = "Main listener. Port 0 takes any free port.",
         .apply = [](Config& c, const KeyValue& v) { c.server.addr = std::get<Endpoint>(v); },
         .env = {"ZDB_ADDR"}},
        {.name = "server.host",
         .type = KeyType::Text,
         .fallback = "(from server.addr)",
         .help = "Address of the main listener; with server.port another form of server.addr.",
         .apply = [](Config& c, const KeyValue& v) { c.server.addr.host = as_text(v); },
         .env = {"HOST"},
         .flag = "--host",
         .check = check_host},
        {.name = "server.port",
         .type = KeyType::Integer,
         .fallback = "(from server.addr)",
         .help = "Port of the main listener.",
         .apply =
             [](Config& c, const KeyValue& v) {
                 c.server.addr.port = static_cast<std::uint16_t>(as_integer(v));
             },
         .env = {"PORT"},
         .flag = "-p,--port",
         .max = 65'535},
        {.name = "server.data",
         .type = KeyType::Text,
         .fallback = "./data",
         .help = "Data directory; created with mode 0700 when it is missing.",
         .apply = [](Config& c, const KeyValue& v) { c.server.data = as_text(v); },
         .env = {"ZDB_DATA"},
         .aliases = {"storage.base_path", "storage.filesystem.base_path", "server.data_dir"},
         .flag = "--data",
         .check = check_data},
        {.name = "server.http_threads",
         .type = KeyType::Integer,
         .fallback = "(number of cores)",
         .help = "Event loops, one thread each.",
         .apply = [](Config& c, const KeyValue& v) { c.server.http_threads = as_size(v); },
         .env = {"ZHTTP_THREADS"},
         .min = 1,
         .max = kKeyThreadsMax},
    };
}

std::vector<ConfigKey> edge_keys() {
    return {
        {.name = "server.trusted_proxies",
         .type = KeyType::List,
         .fallback = "",
         .help = "Peers whose X-Forwarded-For and X-Forwarded-Proto count.",
         .apply =
             [](Config& c, const KeyValue& v) {
                 c.server.trusted_proxies = std::get<std::vector<std::string>>(v);
             },
         .env = {"ZTRUSTED_PROXIES"},
         .check = check_proxies},
        {.name = "server.cors.allowed_origins",
         .type = KeyType::List,
         .fallback = "",
         .help = "Other origins whose pages may call the API; exact match. `*` needs --dev.",
         .apply = apply_origins,
         .env = {"ZCORS_ORIGINS"},
         .aliases = {"server.cors_origins", "server.cors.origins", "cors.allowed_origins"},
         .check = check_origins},
        {.name = "server.hsts",
         .type = KeyType::Choice,
         .fallback = "auto",
         .help = "Strict-Transport-Security: auto sends it over TLS only.",
         .apply = apply_hsts,
         .env = {"ZHSTS"},
         .choices = "auto|always|off"},
        {.name = "server.shutdown_grace_secs",
         .type = KeyType::Integer,
         .fallback = "30",
         .help = "How long running requests may take to finish after SIGTERM.",
         .apply = [](Config& c, const KeyValue& v) { c.server.shutdown_grace = as_seconds(v); },
         .env = {"ZSHUTDOWN_GRACE_SECS"},
         .unit = Unit::Seconds,
         .max = 3600},
        {.name = "server.access_log",
         .type = KeyType::Boolean,
         .fallback = "true",
         .help = "One log line per request.",
         .apply = [](Config& c, const KeyValue& v) { c.server.access_log = as_bool(v); },
         .env = {"ZHTTP_ACCESS_LOG"}},
    };
}

}  // namespace

std::vector<ConfigKey> server_keys() {
    auto keys = address_keys();
    for (auto& key : edge_keys())
        keys.push_back(std::move(key));
    return keys;
}

}  // namespace zs::server
