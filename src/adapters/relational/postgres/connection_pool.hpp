#pragma once

#include "adapters/relational/postgres/backoff.hpp"
#include "adapters/relational/postgres/connection.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

namespace zs::relational::postgres {

struct PoolOptions {
    ConnectOptions connect;
    std::size_t connections_max = 20;
    std::size_t connections_min = 5;  // not closed for being idle
    Seconds idle_timeout{600};
    Seconds wait_max{30};  // for a free connection
};

// Connections that are open, and when to open more.
// Threading: any; acquire blocks, so it is for pool threads.
// Errors:    Unavailable while the server cannot be reached: at once between two attempts to
//            connect, which come with growing pauses; "overloaded" when none became free in time.
class ConnectionPool {
public:
    // Holds a connection; gives it back when destroyed, or closes it when it is unusable.
    class Lease {
    public:
        Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection)
            : pool_(&pool), connection_(std::move(connection)) {}
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (connection_) pool_->take_back(std::move(connection_));
        }
        Connection& operator*() const { return *connection_; }

    private:
        ConnectionPool* pool_;
        std::unique_ptr<Connection> connection_;
    };

    explicit ConnectionPool(PoolOptions options);
    Outcome<Lease> acquire_blocking();
    std::size_t open_count() const;

private:
    struct Idle {
        std::unique_ptr<Connection> connection;
        std::chrono::steady_clock::time_point since;
    };

    Outcome<Lease> connect_blocking();
    void take_back(std::unique_ptr<Connection> connection);
    // The caller holds the lock; the answer is to be destroyed without it: closing talks to the
    // server.
    std::vector<Idle> take_outdated();

    const PoolOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<Idle> idle_;  // the last used is last
    std::size_t open_ = 0;    // idle, leased, and being connected
    ReconnectBackoff backoff_;
    std::minstd_rand random_;
};

}  // namespace zs::relational::postgres
