#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace zs::testing {

// A PostgreSQL server of this test process alone: a data folder below the temporary folder,
// reachable through a socket in it and over no network. A small shell process watches over it and
// stops and removes everything when this process ends, however it ends. As root, it runs as
// `postgres` or `nobody`, because PostgreSQL refuses root.
// Threading: any; stop() and start() one at a time.
// Errors:    throws std::runtime_error, which fails the test, with the server's log.
class PostgresServer {
public:
    enum class Fsync { Off, On };  // On: for what measures or kills; Off: four times as fast

    explicit PostgresServer(Fsync fsync = Fsync::Off);
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    // The server that all tests of this executable share; starts when first asked for. A test that
    // stops or restarts its server makes one of its own.
    static PostgresServer& shared();

    // postgres://… of a database on this server.
    std::string url(const std::string& database) const;
    // An empty database that nobody else uses, by name.
    std::string take_database();
    // Ends its connections and empties it for the next one: creating one takes ten times as long.
    void give_back_database(const std::string& name);
    // Runs SQL outside of what is tested, as a superuser.
    void run(const std::string& database, const std::string& sql);

    // Ends the server at once, without a checkpoint, as a crash would; start() recovers.
    void stop();
    void start();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::testing
