#pragma once

#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/scratch_dir.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace zs::bench {

// Our release binary on a free port of loopback. Its limits on requests per minute are out of
// reach, but counted: a benchmark is one very busy user.
class Zserver {
public:
    struct Options {
        std::filesystem::path data;
        bool access_log = false;
        std::vector<std::pair<std::string, std::string>> environment;
    };

    // Answers once the server is ready for requests.
    explicit Zserver(const Options& options);

    Endpoint endpoint() const { return endpoint_; }
    Process& process() { return process_; }
    double cpu_seconds() const { return cpu_seconds_of_tree(process_.pid()); }

    // ZSERVER_BINARY, else the binary beside the directory of this program.
    static std::filesystem::path binary();
    static Command command(const Options& options);

private:
    Process process_;
    Endpoint endpoint_;
};

// PostgreSQL 15 with its defaults, so fsync and synchronous_commit are on, on a free port of
// loopback, without passwords. As root it runs under the account `postgres`.
class Postgres {
public:
    // `connections` is what max_connections has to be.
    Postgres(const std::filesystem::path& directory, int connections);

    // For libpq.
    std::string conninfo() const;
    std::string url() const;  // the same as postgres://…
    double cpu_seconds() const { return cpu_seconds_of_tree(process_->pid()); }

private:
    void start(int connections);
    void wait_until_ready();

    std::filesystem::path data_;
    std::filesystem::path log_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

// Redis that syncs its append-only file before each answer, on a free port of loopback.
class Redis {
public:
    explicit Redis(const std::filesystem::path& directory);

    std::string url() const;  // "redis://127.0.0.1:6379"

private:
    std::uint16_t port_;
    std::optional<Process> process_;
};

// nginx with two workers. GET /hello answers `body`, /same_headers the same with `headers` added.
class Nginx {
public:
    struct Options {
        std::filesystem::path directory;
        std::string body;
        std::string content_type;
        std::vector<std::pair<std::string, std::string>> headers;
        int workers = 2;
        bool access_log = false;
        std::string locations;  // further blocks of its server
    };

    explicit Nginx(const Options& options);

    Endpoint endpoint() const { return endpoint_; }
    double cpu_seconds() const { return cpu_seconds_of_tree(process_->pid()); }

private:
    Endpoint endpoint_;
    std::optional<Process> process_;
};

}  // namespace zs::bench
