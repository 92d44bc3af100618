// Authenticated point reads over HTTP, against PostgreSQL through libpq and bare SQLite in process.
#include "support/http_client.hpp"
#include "support/load.hpp"
#include "support/options.hpp"
#include "support/pg_client.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"
#include "support/servers.hpp"
#include "support/sqlite_client.hpp"

#include <fmt/format.h>

#include <random>

namespace zs::bench {
namespace {

constexpr int kRows = 100'000;
constexpr const char* kOurs = "zserver over HTTP";
constexpr const char* kPeer = "PostgreSQL, libpq";
constexpr const char* kBare = "SQLite in process";

constexpr const char* kCreate =
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, "
    "balance INTEGER NOT NULL)";
constexpr const char* kSelect = "SELECT id, name, email, balance FROM accounts WHERE id = ?";
constexpr const char* kSelectPostgres =
    "SELECT id, name, email, balance FROM accounts WHERE id = $1";

// The same in all three dialects.
std::string fill() {
    return fmt::format(
        "INSERT INTO accounts (id, name, email, balance) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "SELECT i, 'Account number ' || i, 'account' || i || '@example.com', i * 17 % 100000 "
        "FROM n",
        kRows);
}

class RandomId {
public:
    explicit RandomId(std::uint64_t seed) : engine_(seed) {}
    std::int64_t next() { return std::uniform_int_distribution<std::int64_t>(1, kRows)(engine_); }

private:
    std::mt19937_64 engine_;
};

const std::vector<Report::Column> kColumns{{"answers_per_second", "reads/s", 0},
                                           {"per_server_cpu_second", "/s of server CPU", 0},
                                           {"p50_us", "p50 µs", 0},
                                           {"p99_us", "p99 µs", 0}};

// The three that answer, with equal tables.
class Peers {
public:
    explicit Peers(const BenchOptions& options)
        : options_(options),
          directory_("sql-read"),
          zserver_({directory_.path() / "zserver", options.access_log, {}}),
          account_(sign_up(zserver_.endpoint(), "reader@example.com")),
          postgres_(directory_.path() / "postgres", 200),
          sqlite_(directory_.path() / "bare.db") {
        run_sql(zserver_.endpoint(), account_, kCreate);
        run_sql(zserver_.endpoint(), account_, fill());
        PgClient client(postgres_.conninfo());
        client.run(kCreate);
        client.run(fill());
        client.run("VACUUM ANALYZE accounts");
        sqlite_.run(kCreate);
        sqlite_.run(fill());
    }

    Subject over_http(int clients) {
        const auto run = [this, clients] {
            LoadOptions load = load_options(clients);
            load.server_cpu = [this] { return zserver_.cpu_seconds(); };
            RandomId ids(options_.seed);
            const SqlRequests requests(account_, kSelect);
            const auto make = [&ids, &requests](std::string& out) {
                requests.append(out, fmt::format("[{}]", ids.next()));
            };
            return sample_of(run_http_load(zserver_.endpoint(), load, make));
        };
        return {kOurs, run};
    }

    Subject libpq(int clients) {
        const auto run = [this, clients] {
            LoadOptions load = load_options(clients);
            load.server_cpu = [this] { return postgres_.cpu_seconds(); };
            const auto make = [this](int index) -> std::function<void()> {
                auto client = std::make_shared<PgClient>(postgres_.conninfo());
                client->prepare("read", kSelectPostgres);
                auto ids = std::make_shared<RandomId>(options_.seed + std::uint64_t(index));
                return [client, ids] { client->execute("read", {std::to_string(ids->next())}); };
            };
            return sample_of(run_thread_load(load, make));
        };
        return {kPeer, run};
    }

    Subject in_process() {
        const auto run = [this] {
            const LoadOptions load = load_options(1);
            const auto make = [this](int) -> std::function<void()> {
                auto statement = std::make_shared<SqliteClient::Statement>(sqlite_, kSelect);
                auto ids = std::make_shared<RandomId>(options_.seed);
                return [statement, ids] { statement->bind(1, ids->next()).execute(); };
            };
            return sample_of(run_thread_load(load, make));
        };
        return {kBare, run};
    }

private:
    LoadOptions load_options(int clients) const {
        LoadOptions load;
        load.clients = clients;
        load.measured = Seconds(options_.seconds);
        return load;
    }

    const BenchOptions& options_;
    ScratchDir directory_;
    Zserver zserver_;
    Account account_;
    Postgres postgres_;
    SqliteClient sqlite_;
};

void measure(const BenchOptions& options) {
    Peers peers(options);
    Report report("sql_read", options);
    report.note("rows in the table", std::to_string(kRows));
    for (const int clients : options.clients_or({1, 8, 64})) {
        const std::vector<Subject> subjects{peers.over_http(clients), peers.libpq(clients),
                                            peers.in_process()};
        const auto samples = run_interleaved(subjects, options.rounds);
        report.table(fmt::format("{} clients (SQLite: 1 thread)", clients), subjects, samples,
                     kColumns, kPeer);
        if (clients < 8) continue;
        report.goal("reads over HTTP per second of server CPU",
                    median_of(samples.at(kOurs), "per_server_cpu_second"), Report::Bound::AtLeast,
                    25'000);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench sql_read: point reads by primary key, authenticated, over "
                                "HTTP, against PostgreSQL and bare SQLite",
                                {}, zs::bench::measure);
}
