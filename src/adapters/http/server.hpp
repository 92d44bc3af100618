#pragma once

#include "adapters/http/router.hpp"
#include "async/io_runtime.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zs::http {

// Limits of http-api.md section 1.6 and security.md, with their defaults.
struct ServerLimits {
    std::uint64_t body_bytes_max = 10ULL << 20;
    std::uint32_t header_bytes_max = 16384;
    std::uint32_t header_fields_max = 100;
    std::uint32_t request_line_bytes_max = 8192;
    std::uint64_t decompression_ratio_max = 100;  // above 1 MiB decoded
    std::size_t connections_max = 10000;
    std::size_t connections_per_ip_max = 1000;  // loopback exempt
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};  // a body below 1 KB/s for this long
    std::chrono::milliseconds idle_timeout{75'000};
    // Without a byte of body read or response made for this long. Above the longest statement.
    std::chrono::milliseconds handler_timeout{330'000};
    std::chrono::milliseconds write_timeout{60'000};  // a client that takes no byte of the response
};

struct ServerConfig {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: any free one
    ServerLimits limits;
    std::vector<std::string> trusted_proxies;  // CIDR
    std::vector<std::string> cors_origins;
    bool cors_any_origin = false;  // --dev only
    enum class Hsts { Auto, Always, Off } hsts = Hsts::Auto;
    std::uint32_t rate_per_minute_ip = 100;  // without a valid credential; 0: off
    std::uint32_t rate_per_minute_user = 6000;
    bool access_log = true;
};

// How the server learns who is asking. Implemented in the composition root over identity.
class CredentialCheck {
public:
    virtual ~CredentialCheck() = default;
    // A cached answer, or null: then authenticate() is called.
    virtual identity::PrincipalPtr try_cached(std::string_view credential,
                                              std::string_view client_ip) = 0;
    // `credential` is a bearer token or an API key. Errors: Unauthenticated.
    virtual async::Task<Result<identity::PrincipalPtr>> authenticate(std::string credential,
                                                                     std::string client_ip) = 0;
};

// Accepts connections on every loop of the runtime (SO_REUSEPORT) and answers requests by the
// router.
// Lifetime: router, credentials and runtime outlive it. stop_accepting(), then
// drain_blocking(), then destroy.
// Threading: listen/stop/drain from one thread.
class Server {
public:
    Server(async::IoRuntime& io, const Router& router, CredentialCheck& credentials,
           ServerConfig config);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Errors: Unavailable naming the address when it cannot be bound.
    Result<void> listen();
    std::uint16_t port() const;
    // New connections are refused; idle ones close; running requests go on.
    void stop_accepting();
    // Waits until every request has been answered, at most `grace`; then cuts the rest.
    // False when a handler still runs even so: what it uses must then not be destroyed.
    bool drain_blocking(std::chrono::seconds grace);
    std::size_t connections() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::http
