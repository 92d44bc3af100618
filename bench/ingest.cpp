// Bulk loading of NDJSON over HTTP, against PostgreSQL COPY, bare SQLite and SurrealDB's embedded
// engine (bench/peers); and what small writes wait meanwhile.
#include "support/failure.hpp"
#include "support/http_client.hpp"
#include "support/http_response.hpp"
#include "support/load.hpp"
#include "support/options.hpp"
#include "support/process.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"
#include "support/servers.hpp"
#include "support/sqlite_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace zs::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kOurs = "zserver, NDJSON over HTTP";
constexpr const char* kCopy = "PostgreSQL, COPY";
constexpr const char* kBare = "SQLite, one transaction";
constexpr const char* kBatches = "SQLite, commits of 10,000";
constexpr const char* kSurreal = "SurrealDB, embedded, commits of 1,000";
constexpr std::size_t kDocuments = 5'000'000;  // 1 GB
constexpr std::size_t kQuickDocuments = 1'000'000;
constexpr std::size_t kSlowPeerShare = 20;  // of the documents, which is enough to know its rate
constexpr std::size_t kBlockDocuments = 20'000;

const std::vector<Report::Column> kColumns{{"documents_per_second", "documents/s", 0},
                                           {"megabytes_per_second", "MB/s", 1},
                                           {"server_cpu_seconds", "server CPU s", 2},
                                           {"peak_growth_mib", "peak above idle MiB", 1},
                                           {"small_p99_ms", "small writes p99 ms", 2}};

double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

// Documents of 200 bytes, a line each; sent again and again.
class Block {
public:
    explicit Block(std::uint64_t seed) {
        std::mt19937_64 random(seed);
        for (std::size_t i = 0; i < kBlockDocuments; ++i) {
            std::string line =
                fmt::format(R"({{"user":{},"kind":"click","page":"/products/{}","score":{:.3f},)"
                            R"("tags":["a","b"],"at":"2026-01-15T10:30:00Z","note":")",
                            random() % 100'000, random() % 5000, double(random() % 100'000) / 7);
            line.resize(197, 'x');
            line += "\"}\n";
            lines_.push_back(line.substr(0, line.size() - 1));
            text_ += line;
        }
    }
    const std::string& text() const { return text_; }
    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::string text_;
    std::vector<std::string> lines_;
};

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) throw Failure("the server stopped reading");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string receive_answer(int fd) {
    ResponseParser parser;
    std::string bytes;
    char piece[65536];
    while (true) {
        const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
        if (got <= 0) throw Failure("the server closed the connection");
        bytes.append(piece, static_cast<std::size_t>(got));
        const auto response = parser.parse(bytes);
        if (!response) continue;
        if (response->status != 200) throw Failure("ingest failed: " + bytes);
        return body_of(*response, bytes);
    }
}

// Small durable writes, one after the other, while it lives.
class SmallWrites {
public:
    SmallWrites(Endpoint endpoint, const Account& account)
        : thread_([this, endpoint, account] { run(endpoint, account); }) {}
    ~SmallWrites() { stop(); }
    double p99_ms() {
        stop();
        return std::chrono::duration<double, std::milli>(times_.percentile(99)).count();
    }

private:
    void run(Endpoint endpoint, const Account& account) {
        HttpClient client(endpoint);
        const SqlRequests requests(account, "INSERT INTO small (n) VALUES (?)");
        while (!stop_) {
            std::string request;
            requests.append(request, "[1]");
            const auto begun = Clock::now();
            if (client.send(request).status != 200) continue;
            times_.add(Clock::now() - begun);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }

    std::atomic<bool> stop_{false};
    Histogram times_;
    std::thread thread_;
};

class Peers {
public:
    explicit Peers(const BenchOptions& options)
        : documents_(options.quick ? kQuickDocuments : kDocuments),
          block_(options.seed),
          directory_("ingest"),
          zserver_({directory_.path() / "zserver", options.access_log, {}}),
          account_(sign_up(zserver_.endpoint(), "loader@example.com")),
          postgres_(directory_.path() / "postgres", 20) {
        run_sql(zserver_.endpoint(), account_, "CREATE TABLE small (n INTEGER)");
    }

    double sync_us() const { return sync_cost_us(directory_.path()); }

    Subject ours() {
        return {kOurs, [this] { return run_ours(); }};
    }
    Subject copy() {
        return {kCopy, [this] { return run_copy(); }};
    }
    Subject bare() {
        return {kBare, [this] { return run_bare(documents_); }};
    }
    Subject bare_in_batches() {
        return {kBatches, [this] { return run_bare(kBatchDocuments); }};
    }
    Subject surrealdb() {
        return {kSurreal, [this] { return run_surrealdb(); }};
    }
    // False where its module was not fetched.
    static bool has_surrealdb() {
        return std::filesystem::exists(ZS_BENCH_PEERS "/node_modules/@surrealdb/node");
    }
    std::size_t documents() const { return documents_; }

private:
    static constexpr std::size_t kBatchDocuments = 10'000;

    Sample sample(std::size_t documents, double took, double cpu) const {
        const auto bytes = static_cast<double>(block_.text().size())
                           * (static_cast<double>(documents) / kBlockDocuments);
        return {{"documents_per_second", static_cast<double>(documents) / took},
                {"megabytes_per_second", bytes / 1e6 / took},
                {"server_cpu_seconds", cpu},
                {"peak_growth_mib", 0},
                {"small_p99_ms", 0}};
    }

    Sample run_ours() {
        const std::string name = fmt::format("load{}", ++round_);
        HttpClient client(zserver_.endpoint());
        const auto headers = account_.headers();
        const auto made = client.send(
            request_text("POST", "/v1/collections", headers, R"({"name":")" + name + "\"}"));
        if (made.status != 201) throw Failure("no collection: " + made.body);
        const double idle = memory_of(zserver_.process().pid()).anonymous_mib;
        std::string head =
            fmt::format("POST /v1/collections/{}/ingest HTTP/1.1\r\nHost: x\r\n", name);
        head += "Authorization: Bearer " + account_.token + "\r\n";
        head += fmt::format("Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
                            block_.text().size() * (documents_ / kBlockDocuments));
        SmallWrites small(zserver_.endpoint(), account_);
        const int fd = connect_blocking(zserver_.endpoint());
        double peak = idle;
        const double cpu = zserver_.cpu_seconds();
        const auto begun = Clock::now();
        send_all(fd, head);
        for (std::size_t sent = 0; sent < documents_; sent += kBlockDocuments) {
            send_all(fd, block_.text());
            peak = std::max(peak, memory_of(zserver_.process().pid()).anonymous_mib);
        }
        const auto report = boost::json::parse(receive_answer(fd));
        const double took = seconds_since(begun);
        ::close(fd);
        if (report.at("ingested") != documents_) throw Failure("documents are missing");
        Sample result = sample(documents_, took, zserver_.cpu_seconds() - cpu);
        result["peak_growth_mib"] = peak - idle;
        result["small_p99_ms"] = small.p99_ms();
        client.send(request_text("DELETE", "/v1/collections/" + name, account_.headers()));
        return result;
    }

    Sample run_copy() {
        PGconn* const connection = PQconnectdb(postgres_.conninfo().c_str());
        if (PQstatus(connection) != CONNECTION_OK) throw Failure(PQerrorMessage(connection));
        const auto run = [connection](const char* sql, ExecStatusType wanted) {
            PGresult* const result = PQexec(connection, sql);
            const bool good = PQresultStatus(result) == wanted;
            PQclear(result);
            if (!good) throw Failure(PQerrorMessage(connection));
        };
        run("DROP TABLE IF EXISTS load", PGRES_COMMAND_OK);
        run("CREATE TABLE load (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
            "ts timestamptz DEFAULT now(), doc json)",
            PGRES_COMMAND_OK);
        const double cpu = postgres_.cpu_seconds();
        const auto begun = Clock::now();
        run("COPY load (doc) FROM STDIN", PGRES_COPY_IN);
        for (std::size_t sent = 0; sent < documents_; sent += kBlockDocuments) {
            const auto& text = block_.text();
            if (PQputCopyData(connection, text.data(), static_cast<int>(text.size())) != 1) {
                throw Failure(PQerrorMessage(connection));
            }
        }
        PQputCopyEnd(connection, nullptr);
        PGresult* const result = PQgetResult(connection);
        const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        const double took = seconds_since(begun);
        if (!good) throw Failure(PQerrorMessage(connection));
        PQfinish(connection);
        return sample(documents_, took, postgres_.cpu_seconds() - cpu);
    }

    // `batch` documents in each commit.
    Sample run_bare(std::size_t batch) {
        const auto file = directory_.path() / fmt::format("bare{}.db", ++round_);
        double took = 0;
        double cpu = 0;
        {
            SqliteClient client(file);
            client.run(
                "CREATE TABLE load (_id TEXT PRIMARY KEY NOT NULL, _ts TIMESTAMP NOT NULL, "
                "doc JSON NOT NULL)");
            SqliteClient::Statement insert(client, "INSERT INTO load VALUES (?, ?, ?)");
            const std::string now = "2026-01-15T10:30:00.000Z";
            cpu = cpu_seconds_of_tree(::getpid());
            const auto begun = Clock::now();
            for (std::size_t id = 0; id < documents_;) {
                client.run("BEGIN");
                for (const std::size_t end = std::min(documents_, id + batch); id < end; ++id) {
                    insert.bind(1, fmt::format("0198c0de-0000-7000-8000-{:012x}", id))
                        .bind(2, now)
                        .bind(3, block_.lines()[id % kBlockDocuments])
                        .execute();
                }
                client.run("COMMIT");
            }
            took = seconds_since(begun);
            cpu = cpu_seconds_of_tree(::getpid()) - cpu;
        }
        std::filesystem::remove(file);
        return sample(documents_, took, cpu);
    }

    Sample run_surrealdb() {
        const auto home = directory_.path() / fmt::format("surrealdb{}", ++round_);
        std::filesystem::create_directory(home);
        std::ofstream(home / "documents.ndjson", std::ios::binary) << block_.text();
        const std::size_t count = documents_ / kSlowPeerShare;
        Command command;
        command.arguments = {"node",
                             ZS_BENCH_PEERS "/surrealdb_ingest.mjs",
                             (home / "documents.ndjson").string(),
                             (home / "data").string(),
                             std::to_string(count),
                             "1000"};
        command.log = home / "log";
        Process process(command);
        std::istringstream result(process.wait_for_line("result ", std::chrono::minutes(10)));
        double took = 0;
        double cpu = 0;
        double growth = 0;
        result >> took >> cpu >> growth;
        process.stop(SIGTERM);
        std::filesystem::remove_all(home);
        if (!result || took <= 0) throw Failure("SurrealDB told no result");
        Sample measured = sample(count, took, cpu);
        measured["peak_growth_mib"] = growth;
        return measured;
    }

    std::size_t documents_;
    Block block_;
    ScratchDir directory_;
    Zserver zserver_;
    Account account_;
    Postgres postgres_;
    int round_ = 0;
};

// `--only zserver,SurrealDB`: what begins like one of them.
bool is_wanted(const BenchOptions& options, const Subject& subject) {
    const auto begins = [&](const std::string& name) { return subject.name.starts_with(name); };
    return options.only.empty() || std::ranges::any_of(options.only, begins);
}

void measure(const BenchOptions& options) {
    Peers peers(options);
    Report report("ingest", options);
    report.note("documents", fmt::format("{} of 200 bytes", peers.documents()));
    report.note("one 4 KiB append and fdatasync", fmt::format("{:.0f} µs", peers.sync_us()));
    std::vector<Subject> subjects{peers.ours(), peers.copy(), peers.bare(),
                                  peers.bare_in_batches()};
    if (Peers::has_surrealdb()) subjects.push_back(peers.surrealdb());
    std::erase_if(subjects, [&](const Subject& subject) { return !is_wanted(options, subject); });
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("Bulk load", subjects, samples, kColumns, samples.contains(kCopy) ? kCopy : "");
    if (!samples.contains(kOurs)) return;
    const auto& ours = samples.at(kOurs);
    report.goal("documents/s", median_of(ours, "documents_per_second"), Report::Bound::AtLeast,
                500'000);
    report.goal("peak memory of a stream, MiB", median_of(ours, "peak_growth_mib"),
                Report::Bound::AtMost, 64);
    report.goal("p99 of small writes meanwhile, ms", median_of(ours, "small_p99_ms"),
                Report::Bound::AtMost, 100);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    zs::bench::BenchOptions defaults;
    defaults.rounds = 3;
    return zs::bench::run_bench(
        argc, argv,
        "bench ingest: NDJSON over HTTP, against PostgreSQL COPY, bare SQLite "
        "and SurrealDB",
        defaults, zs::bench::measure);
}
