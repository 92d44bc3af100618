#include "adapters/relational/postgres/postgres_database.hpp"

#include "adapters/relational/postgres/backoff.hpp"
#include "adapters/relational/postgres/connection_pool.hpp"
#include "adapters/relational/postgres/postgres_session.hpp"
#include "async/sleep.hpp"

#include <random>

namespace zs::relational {
namespace {

using postgres::Failure;
using postgres::PostgresSession;
using postgres::Remedy;

constexpr int kRerunsMax = 20;
constexpr int kReconnectsMax = 3;
constexpr Millis kRerunPauseFirst{2};
constexpr Millis kRerunPauseLongest{200};

constexpr std::string_view kBeginRead = "begin isolation level repeatable read, read only";
constexpr std::string_view kBeginWrite = "begin isolation level serializable";

Result<void> call_guarded(const std::function<Result<void>(Session&)>& body, Session& session) {
    try {
        return body(session);
    } catch (const std::exception& error) {
        return internal_error(error.what());
    }
}

Millis pause(int reruns) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return postgres::jittered(kRerunPauseFirst, kRerunPauseLongest, reruns, random);
}

}  // namespace

struct PostgresDatabase::State {
    explicit State(postgres::PoolOptions options) : pool(std::move(options)) {}
    postgres::ConnectionPool pool;
};

// How one run of a closure ended, and whether another one may end better.
struct PostgresDatabase::Attempt {
    Remedy remedy = Remedy::None;
    Result<void> outcome;
};

PostgresDatabase::PostgresDatabase(std::unique_ptr<State> state, async::BlockingPool& blocking)
    : state_(std::move(state)), blocking_(blocking) {}

PostgresDatabase::~PostgresDatabase() = default;

Result<std::unique_ptr<Database>> PostgresDatabase::open(PostgresConfig config,
                                                         async::BlockingPool& blocking) {
    postgres::PoolOptions options;
    options.connect.url = std::move(config.url);
    options.connect.connect_timeout = config.connection_timeout;
    options.connect.statement_timeout = config.statement_timeout;
    options.connections_max = config.connections_max;
    options.connections_min = config.connections_min;
    options.idle_timeout = config.idle_timeout;
    options.wait_max = config.connection_timeout;
    auto state = std::make_unique<State>(std::move(options));
    if (auto first = state->pool.acquire_blocking(); !first) return std::move(first).error().error;
    return std::unique_ptr<Database>(new PostgresDatabase(std::move(state), blocking));
}

std::size_t PostgresDatabase::open_connections() const {
    return state_->pool.open_count();
}

PostgresDatabase::Attempt PostgresDatabase::attempt_blocking(Access access, const Body& body) {
    auto lease = state_->pool.acquire_blocking();
    if (!lease) return {Remedy::None, std::move(lease).error().error};
    PostgresSession session(**lease, access == Access::Read ? kBeginRead : kBeginWrite);
    auto done = call_guarded(body, session);
    if (const auto& failure = session.failure()) {
        // What the closure made of the failure counts, unless it pretends that there was none.
        if (done) done = failure->error;
        return {failure->remedy, std::move(done)};
    }
    if (!done || access == Access::Read) return {Remedy::None, std::move(done)};
    auto committed = session.commit();
    if (committed) return {};
    const auto remedy = committed.error().remedy;
    return {remedy, std::move(committed).error().error};
}

async::Task<Result<void>> PostgresDatabase::run_body(Access access, Body body) {
    // Shared with the job: the coroutine may be destroyed while the job runs.
    const auto shared = std::make_shared<Body>(std::move(body));
    int reruns = 0;
    int reconnects = 0;
    while (true) {
        auto work = [this, access, shared]() -> Result<Attempt> {
            return attempt_blocking(access, *shared);
        };
        auto attempt = co_await blocking_.run(std::move(work));
        if (!attempt) co_return std::move(attempt).error();
        switch (attempt->remedy) {
            case Remedy::None: co_return std::move(attempt->outcome);
            case Remedy::Rerun:
                if (++reruns > kRerunsMax) co_return std::move(attempt->outcome);
                co_await async::sleep_for(pause(reruns));
                break;
            case Remedy::Reconnect:
                if (++reconnects > kReconnectsMax) co_return std::move(attempt->outcome);
                break;
        }
    }
}

}  // namespace zs::relational
