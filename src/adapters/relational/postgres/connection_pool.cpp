#include "adapters/relational/postgres/connection_pool.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace zs::relational::postgres {
namespace {

// Prepared statements per connection; each costs the server some kilobytes.
constexpr std::size_t kStatementsMax = 256;

}  // namespace

ConnectionPool::ConnectionPool(PoolOptions options)
    : options_(std::move(options)), random_(std::random_device{}()) {}

std::size_t ConnectionPool::open_count() const {
    const std::lock_guard lock(mutex_);
    return open_;
}

Outcome<ConnectionPool::Lease> ConnectionPool::acquire_blocking() {
    const auto until = std::chrono::steady_clock::now() + options_.wait_max;
    while (true) {
        std::unique_ptr<Connection> candidate;  // closed after the lock is gone, when unusable
        {
            std::unique_lock lock(mutex_);
            const auto limit = std::max<std::size_t>(options_.connections_max, 1);
            const bool in_time =
                returned_.wait_until(lock, until, [&] { return !idle_.empty() || open_ < limit; });
            if (!in_time) {
                return Failure{unavailable(
                    "every PostgreSQL connection is in use: retry in a moment", "overloaded")};
            }
            if (idle_.empty()) {
                if (!backoff_.may_try(std::chrono::steady_clock::now())) {
                    return Failure{
                        unavailable("PostgreSQL cannot be reached", "database_unavailable")};
                }
                ++open_;
                break;
            }
            candidate = std::move(idle_.back().connection);
            idle_.pop_back();
        }
        if (candidate->is_usable()) return Lease(*this, std::move(candidate));
        const std::lock_guard lock(mutex_);
        --open_;
    }
    return connect_blocking();
}

Outcome<ConnectionPool::Lease> ConnectionPool::connect_blocking() {
    auto made = Connection::open(options_.connect);
    {
        const std::lock_guard lock(mutex_);
        if (made) {
            backoff_.succeeded();
        } else {
            --open_;
            backoff_.failed(std::chrono::steady_clock::now(), random_);
        }
    }
    if (!made) {
        returned_.notify_one();
        auto failure = std::move(made).error();
        failure.remedy = Remedy::None;  // the back-off decides when, not the caller
        log::warn("the control plane has no database", {{"error", failure.error.message}});
        return failure;
    }
    return Lease(*this, std::move(*made));
}

void ConnectionPool::take_back(std::unique_ptr<Connection> connection) {
    const bool keep = connection->is_usable();
    if (keep && connection->statement_count() > kStatementsMax) connection->forget_statements();
    std::vector<Idle> outdated;
    {
        const std::lock_guard lock(mutex_);
        if (keep) {
            idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
        } else {
            --open_;
        }
        outdated = take_outdated();
    }
    returned_.notify_one();
}

std::vector<ConnectionPool::Idle> ConnectionPool::take_outdated() {
    std::vector<Idle> outdated;
    const auto limit = std::chrono::steady_clock::now() - options_.idle_timeout;
    while (open_ > options_.connections_min && !idle_.empty() && idle_.front().since < limit) {
        outdated.push_back(std::move(idle_.front()));
        idle_.erase(idle_.begin());
        --open_;
    }
    return outdated;
}

}  // namespace zs::relational::postgres
