// What capturing changes costs bulk writes: without and with a subscriber, and bare SQLite.
#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "sqlite/memory_guard.hpp"
#include "support/failure.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/run_task.hpp"
#include "support/scratch_dir.hpp"
#include "support/sqlite_client.hpp"

#include <fmt/format.h>

#include <chrono>

namespace zs::bench {
namespace {

constexpr int kRows = 20'000;
constexpr const char* kBare = "bare SQLite";
constexpr const char* kQuiet = "engine, nobody subscribes";
constexpr const char* kHeard = "engine, one subscriber";

const std::vector<Report::Column> kColumns{{"insert_per_second", "rows inserted/s", 0},
                                           {"update_per_second", "updated/s", 0},
                                           {"delete_per_second", "deleted/s", 0},
                                           {"write_per_second", "all three/s", 0}};

constexpr const char* kCreate =
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT, amount INTEGER)";

// One commit each, so that the disk's part is small beside the rows.
std::vector<std::pair<std::string, std::string>> statements() {
    const std::string numbers = fmt::format(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ", kRows);
    return {{"insert_per_second",
             numbers
                 + "INSERT INTO items (id, name, note, amount) "
                   "SELECT i, 'item number ' || i, 'a note about it', i * 3 FROM n"},
            {"update_per_second", "UPDATE items SET amount = amount + 1, note = 'another note'"},
            {"delete_per_second", "DELETE FROM items WHERE id > 0"}};
}

// Counts what it hears, so that nobody can say it was not delivered.
class CountingSubscriber final : public data::ChangeSubscriber {
public:
    void on_commit(const std::shared_ptr<const data::ChangeSet>& changes) override {
        heard_ += changes->changes.size();
        too_large_ = too_large_ || changes->too_large;
    }
    std::size_t heard() const { return heard_; }
    bool too_large() const { return too_large_; }

private:
    std::size_t heard_ = 0;
    bool too_large_ = false;
};

// Runs insert, update and delete until the time is over.
template <class Execute>
Sample rows_per_second(double seconds, const Execute& execute) {
    using Clock = std::chrono::steady_clock;
    std::map<std::string, double> spent;
    double total = 0;
    int rounds = 0;
    for (; total < seconds; ++rounds) {
        for (const auto& [figure, sql] : statements()) {
            const auto start = Clock::now();
            execute(sql);
            const double took = std::chrono::duration<double>(Clock::now() - start).count();
            spent[figure] += took;
            total += took;
        }
    }
    Sample sample;
    for (const auto& [figure, took] : spent)
        sample[figure] = rounds * double(kRows) / took;
    sample["write_per_second"] = 3 * rounds * double(kRows) / total;
    return sample;
}

class Subjects {
public:
    explicit Subjects(const BenchOptions& options)
        : options_(options), bare_(directory_.path() / "bare.db") {
        bare_.run(kCreate);
        sqlite_data::SqliteDataOptions engine;
        engine.folder = (directory_.path() / "sql").string();
        engine_ = std::make_unique<sqlite_data::SqliteSqlEngine>(engine, pool_);
        execute(kCreate);
    }

    Subject bare() {
        const auto run = [this] {
            const auto on_bare = [this](const std::string& sql) { bare_.run(sql); };
            return rows_per_second(options_.seconds, on_bare);
        };
        return {kBare, run};
    }

    Subject quiet() {
        const auto run = [this] {
            return rows_per_second(options_.seconds, [this](const auto& sql) { execute(sql); });
        };
        return {kQuiet, run};
    }

    Subject heard() {
        const auto run = [this] {
            auto subscriber = std::make_shared<CountingSubscriber>();
            engine_->subscribe(subscriber);
            auto sample =
                rows_per_second(options_.seconds, [this](const auto& sql) { execute(sql); });
            engine_->unsubscribe(subscriber);
            if (subscriber->heard() == 0 || subscriber->too_large()) {
                throw Failure("the subscriber did not hear every row");
            }
            return sample;
        };
        return {kHeard, run};
    }

private:
    void execute(const std::string& sql) {
        data::SqlRequest request;
        request.sql = sql;
        request.tenant.org_id = "default";
        request.tenant.env_slug = "live";
        request.rights = rights_;
        auto done = testing::run_task(engine_->execute(std::move(request), nullptr));
        if (!done) throw Failure(sql + ": " + done.error().message);
    }

    const BenchOptions& options_;
    ScratchDir directory_{"capture"};
    SqliteClient bare_;
    async::BlockingPool pool_{"bench", {}};
    std::unique_ptr<sqlite_data::SqliteSqlEngine> engine_;
    std::shared_ptr<const identity::Rights> rights_ =
        std::make_shared<identity::Rights>(identity::Rights::everything());
};

void measure(const BenchOptions& options) {
    sqlite::install_memory_guard();  // before the bare connection: it allocates the same way
    Subjects all(options);
    Report report("change_capture", options);
    report.note("rows per statement", std::to_string(kRows));
    const std::vector<Subject> subjects{all.bare(), all.quiet(), all.heard()};
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("bulk writes, 1 thread", subjects, samples, kColumns, kBare);
    report.goal("all writes ÷ bare SQLite, nobody subscribes",
                ratio_of(samples, kQuiet, kBare, "write_per_second"), Report::Bound::AtLeast, 0.9);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench change_capture: what it costs to tell others what changed",
                                {}, zs::bench::measure);
}
