// Durable one-row inserts over HTTP, against PostgreSQL through libpq and SQLite committing each.
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

constexpr const char* kOurs = "zserver over HTTP";
constexpr const char* kPeer = "PostgreSQL, libpq";
constexpr const char* kBare = "SQLite, commit each";

constexpr const char* kCreate =
    "CREATE TABLE events (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, kind TEXT NOT NULL, "
    "payload TEXT NOT NULL)";
constexpr const char* kCreatePostgres =
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "user_id bigint NOT NULL, kind text NOT NULL, payload text NOT NULL)";
constexpr const char* kPayload =
    "a row of about a hundred bytes, as an application would log it now";

const std::vector<Report::Column> kColumns{{"answers_per_second", "inserts/s", 0},
                                           {"per_server_cpu_second", "/s of server CPU", 0},
                                           {"p50_us", "p50 µs", 0},
                                           {"p99_us", "p99 µs", 0}};

class Peers {
public:
    explicit Peers(const BenchOptions& options)
        : options_(options),
          directory_("sql-write"),
          zserver_({directory_.path() / "zserver", options.access_log, {}}),
          account_(sign_up(zserver_.endpoint(), "writer@example.com")),
          postgres_(directory_.path() / "postgres", 200),
          sqlite_(directory_.path() / "bare.db") {
        run_sql(zserver_.endpoint(), account_, kCreate);
        PgClient(postgres_.conninfo()).run(kCreatePostgres);
        sqlite_.run(kCreate);
    }

    double sync_us() const { return sync_cost_us(directory_.path()); }

    Subject over_http(int clients) {
        const auto run = [this, clients] {
            LoadOptions load = load_options(clients);
            load.server_cpu = [this] { return zserver_.cpu_seconds(); };
            std::mt19937_64 random(options_.seed);
            const SqlRequests requests(
                account_, "INSERT INTO events (user_id, kind, payload) VALUES (?, ?, ?)");
            const auto make = [&random, &requests](std::string& out) {
                requests.append(out,
                                fmt::format(R"([{},"click","{}"])", random() % 10'000, kPayload));
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
                client->prepare("write",
                                "INSERT INTO events (user_id, kind, payload) VALUES ($1, $2, $3)");
                auto random =
                    std::make_shared<std::mt19937_64>(options_.seed + std::uint64_t(index));
                return [client, random] {
                    client->execute("write",
                                    {std::to_string((*random)() % 10'000), "click", kPayload});
                };
            };
            return sample_of(run_thread_load(load, make));
        };
        return {kPeer, run};
    }

    Subject in_process() {
        const auto run = [this] {
            const LoadOptions load = load_options(1);
            const auto make = [this](int) -> std::function<void()> {
                auto statement = std::make_shared<SqliteClient::Statement>(
                    sqlite_, "INSERT INTO events (user_id, kind, payload) VALUES (?, ?, ?)");
                auto random = std::make_shared<std::mt19937_64>(options_.seed);
                return [statement, random] {
                    statement->bind(1, std::int64_t((*random)() % 10'000))
                        .bind(2, "click")
                        .bind(3, kPayload)
                        .execute();
                };
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
    Report report("sql_write", options);
    report.note("one 4 KiB append and fdatasync", fmt::format("{:.0f} µs", peers.sync_us()));
    for (const int clients : options.clients_or({1, 8, 64})) {
        const std::vector<Subject> subjects{peers.over_http(clients), peers.libpq(clients),
                                            peers.in_process()};
        const auto samples = run_interleaved(subjects, options.rounds);
        report.table(fmt::format("{} clients (SQLite: 1 thread)", clients), subjects, samples,
                     kColumns, kPeer);
        if (clients < 64) continue;
        report.goal("inserts/s ÷ PostgreSQL", ratio_of(samples, kOurs, kPeer, "answers_per_second"),
                    Report::Bound::AtLeast, 1.5);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench sql_write: durable one-row inserts over HTTP, against "
                                "PostgreSQL and SQLite with a commit each",
                                {}, zs::bench::measure);
}
