#include "support/failure.hpp"
#include "support/servers.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace zs::bench {

namespace {

constexpr const char* kAccount = "postgres";

std::filesystem::path programs() {
    const char* named = std::getenv("ZS_POSTGRES_BIN");
    std::filesystem::path path = named != nullptr ? named : "/usr/lib/postgresql/15/bin";
    if (!std::filesystem::exists(path / "initdb")) {
        throw Failure("PostgreSQL 15 is not in " + path.string()
                      + ": install postgresql-15, or name the directory in ZS_POSTGRES_BIN");
    }
    return path;
}

void give_to_account(const std::filesystem::path& directory) {
    if (::geteuid() != 0) return;
    // Also the parent, so that the account can reach it.
    run_to_end({{"chown", kAccount, directory.string()}, {}, {}, {}});
    std::filesystem::permissions(directory.parent_path(), std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
}

}  // namespace

Postgres::Postgres(const std::filesystem::path& directory, int connections) {
    std::filesystem::create_directories(directory);
    give_to_account(directory);
    data_ = directory / "data";
    log_ = directory / "log";
    const Command initdb{{(programs() / "initdb").string(), "--pgdata", data_.string(), "--auth",
                          "trust", "--username", kAccount, "--encoding", "UTF8", "--locale", "C"},
                         {},
                         directory.string() + ".initdb.log",
                         kAccount};
    run_to_end(initdb);
    start(connections);
    wait_until_ready();
}

void Postgres::start(int connections) {
    port_ = free_port();
    Command server;
    server.arguments = {(programs() / "postgres").string(), "-D", data_.string(), "-p",
                        std::to_string(port_)};
    for (const std::string& setting :
         {std::string("listen_addresses=127.0.0.1"), std::string("unix_socket_directories="),
          std::string("fsync=on"), std::string("synchronous_commit=on"),
          "max_connections=" + std::to_string(connections)}) {
        server.arguments.insert(server.arguments.end(), {"-c", setting});
    }
    server.log = data_.parent_path().string() + ".server.log";
    server.user = kAccount;
    process_.emplace(server);
}

std::string Postgres::conninfo() const {
    return "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable gssencmode=disable port="
           + std::to_string(port_);
}

std::string Postgres::url() const {
    return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

void Postgres::wait_until_ready() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (PQping(conninfo().c_str()) != PQPING_OK) {
        if (!process_->is_running() || std::chrono::steady_clock::now() > end) {
            throw Failure("PostgreSQL does not start; see its log below "
                          + data_.parent_path().string());
        }
        ::usleep(5000);
    }
}

}  // namespace zs::bench
