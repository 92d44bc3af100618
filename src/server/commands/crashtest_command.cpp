#include "adapters/cli/table.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "server/commands/crash_ledger.hpp"
#include "server/commands/crash_load.hpp"
#include "server/commands/crash_report.hpp"
#include "server/commands/own_server.hpp"
#include "server/commands/trial_commands.hpp"

#include <chrono>
#include <csignal>
#include <ostream>
#include <random>
#include <set>
#include <thread>

namespace zs::server {
namespace json = boost::json;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const SystemClock kClock;
constexpr milliseconds kSettleMax{120'000};
constexpr milliseconds kMarkPatience{3'000};
constexpr milliseconds kDeathPatience{30'000};
constexpr int kSlots = 4;  // of the server, and of the worker
constexpr const char* kVictims[] = {"server", "worker", "both"};
constexpr const char* kMoments[] = {"submits", "runs", "log_writes", "completions"};

// A lease that nobody knows any more, because its answer died with a process, ends soon; and no job
// is given up for it.
const std::vector<std::string> kVariables{"ZWORKER_CONCURRENCY=" + std::to_string(kSlots),
                                          "ZBRAIN_LEASE_TTL=5", "ZBRAIN_MAX_LOST_LEASES=100",
                                          "ZBRAIN_BACKOFF_MS=100", "ZWORKER_LABELS=local"};

class CrashTest {
public:
    CrashTest(const CrashTestOptions& options, cli::Console& console)
        : options_(options),
          console_(console),
          random_(*options.seed),
          ledger_(folder_.path() / "ledger"),
          load_(console, ledger_),
          server_(folder_.path() / "data", kVariables),
          worker_(folder_.path() / "remote", kSlots) {
        report_.seed = *options.seed;
    }

    Result<CrashReport> run() {
        auto started = start_server();
        if (started) started = start_worker();
        if (!started) return std::move(started).error();
        load_.start(options_.callers);
        for (int round = 0; round < options_.rounds; ++round) {
            auto done = kill_once(round);
            if (!done) return std::move(done).error();
        }
        load_.stop_blocking();
        auto looked = look_at_all();
        if (!looked) return std::move(looked).error();
        auto measured = measure_deaths();
        if (!measured) return std::move(measured).error();
        return report_;
    }

private:
    milliseconds any_of(int longest_ms) {
        return milliseconds(std::uniform_int_distribution<int>(0, longest_ms)(random_));
    }

    // Its port may still be in use for a moment.
    Result<void> start_server() {
        constexpr int kTries = 10;
        Result<void> started;
        for (int i = 0; i < kTries; ++i) {
            started = server_.start_blocking();
            if (started) break;
            std::this_thread::sleep_for(milliseconds(200));
        }
        if (!started) return started;
        cli::Target target;
        target.url = server_.url();
        target.token = server_.token();
        load_.set_target(std::move(target));
        return {};
    }
    Result<void> start_worker() { return worker_.start_blocking(server_.url(), server_.token()); }

    // Comes back shortly after something of the kind began.
    void wait_for(std::size_t moment) {
        constexpr int kLongestMs[] = {5, 150, 100, 20};
        switch (moment) {
            case 0: load_.wait_for_submit_blocking(); break;
            case 1: ledger_.wait_for_blocking(CrashLedger::Mark::Begin, kMarkPatience); break;
            case 2: ledger_.wait_for_blocking(CrashLedger::Mark::Line, kMarkPatience); break;
            default: ledger_.wait_for_blocking(CrashLedger::Mark::End, kMarkPatience); break;
        }
        std::this_thread::sleep_for(any_of(kLongestMs[moment]));
    }

    Result<void> kill_once(int round) {
        const auto number = static_cast<std::size_t>(round);
        const std::size_t victim = number % std::size(kVictims);
        const std::size_t moment = number / std::size(kVictims) % std::size(kMoments);
        const bool of_server = victim != 1;
        const bool of_worker = victim != 0;
        std::this_thread::sleep_for(any_of(400));
        wait_for(moment);
        if (of_server) server_.kill();
        if (of_worker) worker_.kill();
        for (const auto& [key, run] : ledger_.runs()) {
            if (!run.has_ended && (run.is_remote ? of_worker : of_server)) cut_off_.insert(key);
        }
        if (of_server) server_.kill_blocking();
        if (of_worker) worker_.kill_blocking();
        ++report_.kills[kVictims[victim]];
        ++report_.moments[kMoments[moment]];
        std::this_thread::sleep_for(any_of(300));
        Result<void> again;
        if (of_server) again = start_server();
        if (again && of_worker) again = start_worker();
        console_.note("round " + std::to_string(round + 1) + " of "
                      + std::to_string(options_.rounds) + ": " + kVictims[victim]
                      + " killed during " + kMoments[moment]);
        return again;
    }

    Result<void> look_at_all() {
        auto session = cli::ApiSession::open(load_.target(), console_, kClock);
        if (!session) return std::move(session).error();
        const auto end = steady_clock::now() + kSettleMax;
        std::map<std::string, std::int64_t> attempts;
        for (const auto& id : load_.answered())
            look_at(*session, id, end, attempts);
        report_.submitted = load_.answered().size();
        report_.unanswered = load_.unanswered();
        report_.ended_twice = load_.ended_twice();
        count_runs(attempts);
        return {};
    }

    void look_at(cli::ApiSession& session, const std::string& id, steady_clock::time_point end,
                 std::map<std::string, std::int64_t>& attempts) {
        while (true) {
            const auto body =
                session.call(cli::ApiCall{.path = "/v1/jobs/" + id + "?wait_ms=1000"});
            if (!body) {
                ++report_.lost;
                return;
            }
            const auto job = parse_json(*body);
            const auto how = end_of(*job);
            load_.note_end(id, how);
            attempts[id] = job->at("attempt").to_number<std::int64_t>();
            if (how.starts_with("succeeded")) break;
            if (!how.empty()) {
                ++report_.failed;
                return;
            }
            if (steady_clock::now() > end) {
                ++report_.unfinished;
                return;
            }
        }
        const auto body =
            session.call(cli::ApiCall{.path = "/v1/jobs/" + id + "/logs?stream=stdout"});
        const auto entries = body ? parse_json(*body) : Result<json::value>(json::array());
        if (is_whole_log(*entries, attempts[id])) return;
        ++report_.logs_with_holes;
        console_.note("log of " + id + ": " + write_json(*entries));
    }

    void count_runs(const std::map<std::string, std::int64_t>& attempts) {
        const auto runs = ledger_.runs();
        std::map<std::string, int> ends;
        for (const auto& [key, run] : runs)
            ends[key.first] += run.has_ended ? 1 : 0;
        for (const auto& id : load_.answered()) {
            const int count = ends[id];
            (count == 0 ? report_.never_run : count == 1 ? report_.run_once : report_.run_again)++;
        }
        report_.cut_off = cut_off_.size();
        for (const auto& key : cut_off_) {
            const auto last = attempts.find(key.first);
            if (last != attempts.end() && last->second == key.second && runs.at(key).has_ended)
                ++report_.attached_again;
        }
    }

    // Kills what watches over a program, here and at the worker, and waits for the next attempt.
    Result<void> measure_deaths() {
        auto session = cli::ApiSession::open(load_.target(), console_, kClock);
        if (!session) return std::move(session).error();
        for (int i = 0; i < options_.deaths; ++i) {
            auto measured = measure_death(*session, i % 2 == 0 ? "local" : "remote");
            if (!measured) return measured;
        }
        return {};
    }

    Result<void> measure_death(cli::ApiSession& session, const char* label) {
        json::object spec{{"command", json::array{"sh", "-c", json_text(ledger_.long_once())}},
                          {"requires", json::array{label}}};
        cli::ApiCall call;
        call.method = "POST";
        call.path = "/v1/jobs";
        call.body = std::move(spec);
        const auto answer = session.call(call);
        if (!answer) return answer.error();
        const std::string id(parse_json(*answer)->at("job_id").as_string());
        const auto has_begun = [&id](int attempt) {
            return [key = CrashLedger::RunKey(id, attempt)](const CrashLedger::Runs& runs) {
                return runs.contains(key);
            };
        };
        if (!ledger_.wait_until_blocking(has_begun(1), kDeathPatience))
            return unavailable("a job was not started in time");
        const auto killed_at = steady_clock::now();
        ::kill(ledger_.runs().at({id, 1}).shim, SIGKILL);
        if (!ledger_.wait_until_blocking(has_begun(2), kDeathPatience))
            return unavailable("the death of a shim was not noticed in time");
        const auto seen_at = ledger_.runs().at({id, 2}).seen_at;
        report_.redelivery_ms[label].push_back(
            std::chrono::duration<double, std::milli>(seen_at - killed_at).count());
        return {};
    }

    const CrashTestOptions& options_;
    cli::Console& console_;
    std::mt19937_64 random_;
    const ScratchFolder folder_;
    CrashLedger ledger_;
    CrashLoad load_;
    OwnServer server_;
    OwnWorker worker_;
    std::set<CrashLedger::RunKey> cut_off_;
    CrashReport report_;
};

}  // namespace

int run_crashtest_jobs(const CrashTestOptions& options, cli::Console& console) {
    CrashTestOptions seeded = options;
    if (!seeded.seed) seeded.seed = std::random_device{}();
    console.note("seed " + std::to_string(*seeded.seed));
    CrashTest test(seeded, console);
    const auto report = test.run();
    if (!report) return console.fail(report.error());
    const auto shown = report->show();
    if (console.json) {
        console.out << write_json(shown) << '\n';
    } else {
        std::vector<cli::TableRow> rows;
        for (const auto& [name, value] : shown)
            rows.push_back({std::string(name), write_json(value)});
        console.out << cli::render_table({{"what"}, {"count", cli::Align::Right}}, rows, {});
    }
    return report->is_good() ? cli::kExitSuccess : cli::kExitFailure;
}

}  // namespace zs::server
