// Cold start to the first answer, on an empty and on an existing data directory; memory when idle.
#include "support/failure.hpp"
#include "support/http_client.hpp"
#include "support/options.hpp"
#include "support/pg_client.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"
#include "support/servers.hpp"

#include <csignal>
#include <optional>
#include <thread>

namespace zs::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kExisting = "zserver, existing data";
constexpr const char* kEmpty = "zserver, empty directory";
constexpr const char* kNginx = "nginx";
constexpr auto kIdle = std::chrono::milliseconds(300);

const std::vector<Report::Column> kColumns{{"first_answer_ms", "first answer ms", 1},
                                           {"first_sql_ms", "first SQL ms", 1},
                                           {"resident_mib", "resident MiB", 1},
                                           {"anonymous_mib", "of it anonymous", 1},
                                           {"stop_ms", "SIGTERM to exit ms", 1}};

double millis_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void expect_alive(Endpoint endpoint) {
    const Answer answer = HttpClient(endpoint).send(request_text("GET", "/live"));
    if (answer.status != 200) throw Failure("GET /live answered " + std::to_string(answer.status));
}

// Spawn, first answer, first SQL, some idle time, stop. Without an account one signs up first, so
// the first SQL then includes hashing its password twice.
Sample life(const Zserver::Options& options, const std::optional<Account>& account) {
    Sample sample;
    const auto start = Clock::now();
    Zserver server(options);
    expect_alive(server.endpoint());
    sample["first_answer_ms"] = millis_since(start);
    std::this_thread::sleep_for(kIdle);
    const Memory memory = memory_of(server.process().pid());
    sample["resident_mib"] = memory.resident_mib;
    sample["anonymous_mib"] = memory.anonymous_mib;
    if (account) {
        const auto asked = Clock::now();
        run_sql(server.endpoint(), *account, "SELECT count(*) FROM kept");
        sample["first_sql_ms"] = sample["first_answer_ms"] + millis_since(asked);
    } else {
        const auto asked = Clock::now();
        run_sql(server.endpoint(), sign_up(server.endpoint(), "a@example.com"), "SELECT 1");
        sample["first_sql_ms"] = sample["first_answer_ms"] + millis_since(asked);
    }
    const auto stopped = Clock::now();
    const int code = server.process().stop(SIGTERM);
    if (code != 0) throw Failure("the server ended with " + std::to_string(code));
    sample["stop_ms"] = millis_since(stopped);
    return sample;
}

Sample life_of_nginx(const std::filesystem::path& directory) {
    Sample sample;
    const auto start = Clock::now();
    Nginx::Options options;
    options.directory = directory;
    options.body = "{\"status\":\"alive\"}";
    options.content_type = "application/json";
    const Nginx nginx(options);
    sample["first_answer_ms"] = millis_since(start);
    return sample;
}

// A directory with an account and a table, from a server that has stopped.
Account prepare(const Zserver::Options& options) {
    Zserver server(options);
    const Account account = sign_up(server.endpoint(), "kept@example.com");
    run_sql(server.endpoint(), account, "CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT)");
    run_sql(server.endpoint(), account, "INSERT INTO kept (name) VALUES ('a'), ('b')");
    server.process().stop(SIGTERM);
    return account;
}

void measure(const BenchOptions& options) {
    const ScratchDir directory("startup");
    Zserver::Options existing;
    existing.data = directory.path() / "existing";
    const Account account = prepare(existing);
    int run = 0;
    const std::vector<Subject> subjects{
        {kExisting, [&] { return life(existing, account); }},
        {kEmpty,
         [&] {
             Zserver::Options empty;
             empty.data = directory.path() / ("empty" + std::to_string(++run));
             return life(empty, std::nullopt);
         }},
        {kNginx,
         [&] { return life_of_nginx(directory.path() / ("nginx" + std::to_string(++run))); }}};
    Report report("startup", options);
    report.note("binary",
                std::to_string(std::filesystem::file_size(Zserver::binary()) >> 10) + " KiB");
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("start", subjects, samples, kColumns, kNginx);
    for (const char* name : {kExisting, kEmpty}) {
        report.goal(std::string("first answer in ms, ") + name,
                    median_of(samples.at(name), "first_answer_ms"), Report::Bound::AtMost, 50);
        report.goal(std::string("resident MiB, ") + name,
                    median_of(samples.at(name), "resident_mib"), Report::Bound::AtMost, 30);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    zs::bench::BenchOptions defaults;
    defaults.rounds = 21;
    return zs::bench::run_bench(
        argc, argv, "bench startup: from spawn to the first answer, and memory when idle", defaults,
        zs::bench::measure);
}
