#include "adapters/cli/table.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "server/commands/own_server.hpp"
#include "server/commands/trial_commands.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <ostream>
#include <random>
#include <set>
#include <thread>

namespace zs::server {
namespace json = boost::json;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kLines = 5;
constexpr milliseconds kSettleMax{120'000};
const SystemClock kClock;

// Each run writes where it began and where it ended, and prints numbered lines between.
constexpr const char* kProgram =
    "echo \"begin $ZJOB_ID $ZJOB_ATTEMPT\" >> \"$LEDGER\"; "
    "for i in 1 2 3 4 5; do echo \"line $i\"; sleep 0.05; done; "
    "echo \"end $ZJOB_ID $ZJOB_ATTEMPT\" >> \"$LEDGER\"";

struct Report {
    std::size_t submitted = 0;
    std::size_t unanswered = 0;
    std::size_t lost = 0;
    std::size_t unfinished = 0;
    std::size_t failed = 0;
    std::size_t run_once = 0;
    std::size_t run_again = 0;  // at least once is what is promised
    std::size_t never_run = 0;
    std::size_t logs_with_holes = 0;
    bool good() const {
        return lost + unfinished + failed + never_run + logs_with_holes == 0 && submitted > 0;
    }
};

class CrashTest {
public:
    CrashTest(const CrashTestOptions& options, cli::Console& console)
        : options_(options), console_(console), random_(options.seed.value_or(0)) {}

    Result<Report> run() {
        OwnServer server(folder_.path() / "data", {"ZWORKER_CONCURRENCY=8"});
        auto started = server.start_blocking();
        if (!started) return std::move(started).error();
        set_target(server);
        std::vector<std::jthread> callers;
        for (int i = 0; i < options_.callers; ++i)
            callers.emplace_back([this](const std::stop_token& stop) { submit_until(stop); });
        for (int round = 1; round <= options_.rounds; ++round) {
            std::this_thread::sleep_for(
                milliseconds(std::uniform_int_distribution<int>(50, 1200)(random_)));
            server.kill_blocking();
            auto again = server.start_blocking();
            if (!again) return std::move(again).error();
            set_target(server);
            console_.note("round " + std::to_string(round) + " of "
                          + std::to_string(options_.rounds) + ": killed, started again");
        }
        for (auto& caller : callers)
            caller.request_stop();
        callers.clear();
        return look_at_all();
    }

private:
    void set_target(const OwnServer& server) {
        const std::lock_guard lock(mutex_);
        target_.url = server.url();
        target_.token = server.token();
    }
    cli::Target target() {
        const std::lock_guard lock(mutex_);
        return target_;
    }

    void submit_until(const std::stop_token& stop) {
        cli::Console quiet{.in = console_.in, .out = console_.out, .err = console_.err};
        quiet.quiet = true;
        while (!stop.stop_requested()) {
            auto session = cli::ApiSession::open(target(), quiet, kClock);
            while (session && !stop.stop_requested()) {
                if (!submit_one(*session)) break;
                std::this_thread::sleep_for(milliseconds(20));
            }
            std::this_thread::sleep_for(milliseconds(20));
        }
    }

    bool submit_one(cli::ApiSession& session) {
        json::object env{{"LEDGER", json_text((folder_.path() / "ledger").string())}};
        json::object spec{{"command", json::array{"sh", "-c", kProgram}}, {"env", std::move(env)}};
        cli::ApiCall call;
        call.method = "POST";
        call.path = "/v1/jobs";
        call.body = std::move(spec);
        call.timeout = std::chrono::seconds(10);
        const auto answer = session.call(call);
        const std::lock_guard lock(mutex_);
        if (!answer) {
            ++report_.unanswered;
            return false;
        }
        const auto body = parse_json(*answer);
        if (!body) return false;
        ids_.emplace_back(body->at("job_id").as_string());
        return true;
    }

    Result<Report> look_at_all() {
        auto session = cli::ApiSession::open(target(), console_, kClock);
        if (!session) return std::move(session).error();
        report_.submitted = ids_.size();
        const auto end = steady_clock::now() + kSettleMax;
        for (const auto& id : ids_)
            look_at(*session, id, end);
        count_runs();
        return report_;
    }

    void look_at(cli::ApiSession& session, const std::string& id, steady_clock::time_point end) {
        while (true) {
            const auto body =
                session.call(cli::ApiCall{.path = "/v1/jobs/" + id + "?wait_ms=1000"});
            if (!body) {
                ++report_.lost;
                return;
            }
            const auto job = parse_json(*body);
            const std::string state(job->at("state").as_string());
            if (state == "succeeded") break;
            if (state == "failed" || state == "canceled") {
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
        if (!is_whole(*entries)) ++report_.logs_with_holes;
    }

    // The lines of the last attempt: all of them, in order, each once.
    static bool is_whole(const json::value& entries) {
        if (!entries.is_array() || entries.get_array().size() < kLines) return false;
        const auto& all = entries.get_array();
        for (std::size_t i = 0; i < kLines; ++i) {
            const auto& entry = all[all.size() - kLines + i];
            if (entry.at("line").as_string() != "line " + std::to_string(i + 1)) return false;
        }
        return true;
    }

    void count_runs() {
        std::map<std::string, int> ends;
        std::ifstream ledger(folder_.path() / "ledger");
        std::string what;
        std::string id;
        int attempt = 0;
        while (ledger >> what >> id >> attempt) {
            if (what == "end") ++ends[id];
        }
        for (const auto& one : ids_) {
            const int runs = ends[one];
            (runs == 0 ? report_.never_run : runs == 1 ? report_.run_once : report_.run_again)++;
        }
    }

    const CrashTestOptions& options_;
    cli::Console& console_;
    std::mt19937_64 random_;
    const ScratchFolder folder_;
    std::mutex mutex_;
    cli::Target target_;
    std::vector<std::string> ids_;
    Report report_;
};

json::object show(const Report& report, std::uint64_t seed) {
    return {{"seed", seed},
            {"answered_submits", report.submitted},
            {"unanswered_submits", report.unanswered},
            {"lost", report.lost},
            {"unfinished", report.unfinished},
            {"failed", report.failed},
            {"run_once", report.run_once},
            {"run_again", report.run_again},
            {"never_run", report.never_run},
            {"logs_with_holes", report.logs_with_holes},
            {"passed", report.good()}};
}

}  // namespace

int run_crashtest_jobs(const CrashTestOptions& options, cli::Console& console) {
    CrashTestOptions seeded = options;
    if (!seeded.seed) seeded.seed = std::random_device{}();
    console.note("seed " + std::to_string(*seeded.seed));
    CrashTest test(seeded, console);
    const auto report = test.run();
    if (!report) return console.fail(report.error());
    const auto shown = show(*report, *seeded.seed);
    if (console.json) {
        console.out << write_json(shown) << '\n';
    } else {
        std::vector<cli::TableRow> rows;
        for (const auto& [name, value] : shown)
            rows.push_back({std::string(name), write_json(value)});
        console.out << cli::render_table({{"what"}, {"count", cli::Align::Right}}, rows, {});
    }
    return report->good() ? cli::kExitSuccess : cli::kExitFailure;
}

}  // namespace zs::server
