#pragma once

#include "base/log.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// Everything an operator can choose, checked and typed. How it is found and checked:
// config_load.hpp; names, defaults and ranges: the tables in keys_*.cpp, printed by
// `zserver config docs`.
namespace zs::server {

// Where to listen. IPv6 addresses are kept without brackets.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;  // 0: any free one

    bool is_loopback() const;
    std::string to_string() const;  // "127.0.0.1:8080", "[::1]:8080"
    bool operator==(const Endpoint&) const = default;
};

enum class Hsts { Auto, Always, Off };
enum class Signup { Open, Closed };
enum class Backend { Embedded, Postgres };
enum class WorkerMode { Auto, Local, Custom };

struct ServerSection {
    Endpoint addr{"127.0.0.1", 8080};
    std::filesystem::path data = "./data";
    std::size_t http_threads = 1;              // resolved: never 0
    std::vector<std::string> trusted_proxies;  // addresses or CIDR blocks
    std::vector<std::string> cors_origins;
    bool cors_any_origin = false;  // "*", with --dev only; not repeated in cors_origins
    Hsts hsts = Hsts::Auto;
    std::chrono::seconds shutdown_grace{30};
    bool access_log = true;
};

struct AuthSection {
    std::string default_org = "default";
    std::string default_role = "reader";
    Signup signup = Signup::Open;
    std::optional<Secret> jwt_secret;          // absent: generated and kept in the data directory
    std::optional<Secret> jwt_refresh_secret;  // the same
    std::optional<Secret> jwt_secret_previous;
    std::chrono::seconds access_ttl{900};
    std::chrono::seconds refresh_ttl{604'800};
    std::chrono::seconds session_ttl_max{90 * 86'400};
    std::string issuer = "zserver";
    std::string audience = "zserver";
    std::string dev_org = "default";
    std::optional<Secret> dev_secret;  // absent: generated
    int login_per_account = 5;         // per minute
    int login_per_ip = 20;             // per minute
    int signup_per_ip = 10;            // per hour
    int refresh_per_ip = 150;          // per 5 minutes
    std::uint32_t argon2_memory_kib = 19'456;
    std::uint32_t argon2_passes = 2;
    std::size_t hash_threads = 1;  // resolved: never 0
    std::size_t hash_queue_max = 64;
};

// The control plane's database, and PostgreSQL when it is chosen.
struct StorageSection {
    Backend backend = Backend::Embedded;
    std::optional<Secret> postgres_url;  // always there with Backend::Postgres
    std::size_t connections_max = 20;
    std::size_t connections_min = 5;
    std::chrono::seconds connection_timeout{30};
    std::chrono::seconds idle_timeout{600};
    std::size_t reader_threads = 1;  // embedded; resolved: never 0
    bool auto_migrate = true;        // resolved: true for embedded, false for postgres, unless set
};

struct SqlSection {
    std::chrono::seconds timeout{30};
    std::chrono::seconds timeout_max{300};
    std::uint64_t rows_max = 10'000;
    std::uint64_t text_bytes_max = 1'048'576;
    std::uint64_t statement_memory_max = 268'435'456;
    std::size_t concurrent_max = 10;  // per (org, environment)
    std::size_t streams_max = 4;      // per (org, environment)
    std::size_t stream_threads = 32;
    std::size_t threads = 1;  // resolved: never 0
    std::size_t databases_open_max = 64;
    std::chrono::seconds tx_timeout{300};
    std::chrono::seconds tx_timeout_max{3600};
    std::size_t tx_per_token_max = 10;
    std::chrono::milliseconds tx_lock_wait{5000};
    std::chrono::milliseconds tx_write_idle{5000};
};

// Source: http-api.md sections 1.6 and 6.
struct VectorSection {
    std::size_t dimensions_max = 8192;
    std::size_t memory_bytes_max = 0;  // 0: half of the machine's
    std::chrono::seconds idle_max{3600};
};

// Source: http-api.md section 7.
struct IngestSection {
    std::uint64_t body_bytes_max = 0;
    std::size_t document_bytes_max = 1'048'576;
    std::size_t batch_documents_max = 10'000;
    std::size_t batch_bytes_max = 4'194'304;
    std::size_t streams_max = 64;
};

// Source: http-api.md section 8.
struct FilesSection {
    std::uint64_t file_bytes_max = 104'857'600;
    std::size_t threads = 4;
    std::size_t uploads_max = 256;
    std::uint64_t reserve_bytes = 67'108'864;
    std::chrono::seconds collect_every{3600};
    std::chrono::seconds unused_for{600};
    std::chrono::seconds verify_every{604'800};
};

// Requests per minute; 0 is off.
struct RateLimitSection {
    std::uint32_t per_ip = 100;
    std::uint32_t per_user = 6000;
};

struct MonitoringSection {
    bool metrics_enabled = true;
    // Second listener for /metrics; none when it equals the main one.
    Endpoint metrics_addr{"127.0.0.1", 9090};
    bool metrics_addr_is_default = true;  // then a busy port is only a warning
    std::optional<Secret> metrics_token;
    bool health_enabled = true;
    std::optional<Endpoint> health_addr;  // absent: the main listener serves them, if enabled
    std::string service_name = "zrustdb";
    std::string environment = "development";
    log::Level log_level = log::Level::Info;
    log::Format log_format = log::Format::Text;
};

// Source: http-api.md section 1.6.
struct LimitsSection {
    std::uint64_t body_bytes_max = 10'485'760;
    std::uint32_t header_bytes_max = 16'384;
    std::uint32_t header_fields_max = 100;
    std::uint32_t request_line_bytes_max = 8192;
    std::uint64_t decompression_ratio_max = 100;
    std::size_t connections_max = 10'000;
    std::size_t connections_per_ip_max = 1000;
    std::chrono::seconds header_timeout{10};
    std::chrono::seconds body_timeout{30};
    std::chrono::seconds idle_timeout{75};
    std::chrono::seconds handler_timeout{330};
};

// Source: http-api.md section 9.7.
struct WebSocketSection {
    std::size_t connections_max = 20'000;
    std::uint32_t connects_per_second = 10;  // per address, loopback exempt
    std::size_t message_bytes_max = 65'536;
    std::size_t subscriptions_max = 100;
    std::uint32_t messages_per_second = 50;
    std::uint32_t messages_burst = 200;
    std::size_t queue_events_max = 256;
    std::size_t queue_bytes_max = 1'048'576;
    std::size_t resume_events_max = 10'000;
    std::chrono::seconds resume_for{600};
    std::chrono::seconds auth_timeout{10};
    std::chrono::seconds ping_every{25};
    std::chrono::seconds silent_after{60};
};

// Source: jobs.md section 12.
struct JobsSection {
    std::optional<std::string> backend;  // as written; jobs live where the control plane does
    std::optional<Secret> postgres_url;
    std::chrono::milliseconds lease{300'000};
    std::chrono::milliseconds poll{5'000};
    std::uint32_t lost_leases_max = 3;
    std::uint32_t max_retries = 3;
    std::chrono::seconds timeout_default{300};
    std::chrono::seconds timeout_max{86'400};
    std::chrono::milliseconds backoff{1'000};
    std::chrono::milliseconds backoff_max{300'000};
    std::size_t artifact_files_max = 1000;
    std::uint64_t artifact_bytes_max = 1'073'741'824;
    std::uint64_t log_bytes_max = 10'485'760;
    std::size_t log_lines_max = 100'000;
    std::uint64_t pending_max = 1'000'000;
    std::uint64_t running_max = 0;
    std::uint64_t stored_bytes_max = 0;  // per tenant, of artifacts and logs; 0: none
    std::filesystem::path artifacts;     // folder of their own; empty: with the files
    int retention_days = 7;
};

// The workers of this process, and those of `zserver worker`.
struct WorkerSection {
    WorkerMode mode = WorkerMode::Auto;
    std::size_t slots = 4;
    std::filesystem::path temp_dir;  // resolved: never empty
    std::chrono::seconds kill_grace{10};
    std::vector<std::string> allow;
    std::string run_as;
    std::vector<std::string> labels;
    std::uint64_t memory_mb_max = 0;
    std::uint64_t file_mb_max = 1024;
    std::uint64_t open_files_max = 4096;
    std::optional<std::string> server;
    std::optional<Secret> token;
};

// Lifetime: a value; copied into what needs it. Holds secrets: never logged as a whole.
struct Config {
    bool dev = false;  // --dev
    ServerSection server;
    AuthSection auth;
    StorageSection storage;
    SqlSection sql;
    VectorSection vectors;
    IngestSection ingest;
    FilesSection files;
    RateLimitSection rate_limit;
    MonitoringSection monitoring;
    LimitsSection limits;
    WebSocketSection websocket;
    JobsSection jobs;
    WorkerSection worker;
};

// "host:port" or "[v6]:port". Errors: InvalidArgument saying what would be right.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace zs::server
