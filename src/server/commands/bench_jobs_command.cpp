#include "adapters/cli/table.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "server/commands/own_server.hpp"
#include "server/commands/trial_commands.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <ostream>
#include <thread>

namespace zs::server {
namespace json = boost::json;

namespace {

using std::chrono::steady_clock;

constexpr int kBulk = 1000;
const SystemClock kClock;

double seconds_since(steady_clock::time_point begun) {
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

json::object job_of(const char* tag, bool is_later) {
    json::object spec{{"command", json::array{"true"}}, {"tags", json::array{tag}}};
    if (is_later) spec.emplace("delay_secs", 3600);
    return spec;
}

cli::ApiCall post(std::string path, json::object body) {
    cli::ApiCall call;
    call.method = "POST";
    call.path = std::move(path);
    call.body = std::move(body);
    return call;
}

struct Rate {
    std::string what;
    double per_second = 0;
    double p50_ms = 0;
    double p99_ms = 0;
};

// `count` calls, spread over `callers` connections.
Result<Rate> measure(const cli::Target& target, cli::Console& console, std::string what, int count,
                     int callers, int jobs_per_call, const cli::ApiCall& call) {
    std::atomic<int> left{count};
    std::mutex mutex;
    std::vector<double> took;
    std::optional<Error> failure;
    const auto begun = steady_clock::now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < callers; ++i) {
            threads.emplace_back([&] {
                auto session = cli::ApiSession::open(target, console, kClock);
                std::vector<double> mine;
                std::optional<Error> failed;
                if (!session) failed = session.error();
                while (!failed && left.fetch_sub(1) > 0) {
                    const auto at = steady_clock::now();
                    const auto answer = session->call(call);
                    mine.push_back(seconds_since(at) * 1000);
                    if (!answer) failed = answer.error();
                }
                const std::lock_guard lock(mutex);
                took.insert(took.end(), mine.begin(), mine.end());
                if (failed) failure = failed;
            });
        }
    }
    const double all = seconds_since(begun);
    if (failure) return std::move(*failure);
    std::sort(took.begin(), took.end());
    const auto at = [&took](double share) {
        return took.empty() ? 0 : took[static_cast<std::size_t>(share * double(took.size() - 1))];
    };
    return Rate{std::move(what), count * jobs_per_call / all, at(0.5), at(0.99)};
}

// Programs from submit to the last end.
Result<Rate> run_programs(const cli::Target& target, cli::Console& console, int count) {
    auto session = cli::ApiSession::open(target, console, kClock);
    if (!session) return std::move(session).error();
    const std::string tag = "bench-" + std::to_string(kClock.now().time_since_epoch().count());
    json::array all;
    for (int i = 0; i < count; ++i)
        all.push_back(job_of(tag.c_str(), false));
    const auto begun = steady_clock::now();
    json::object body;
    body.emplace("jobs", std::move(all));
    const auto sent = session->call(post("/v1/jobs/bulk", std::move(body)));
    if (!sent) return sent.error();
    while (true) {
        const auto open = session->call(
            cli::ApiCall{.path = "/v1/jobs?state=pending,running,retrying&limit=1&tag=" + tag});
        if (!open) return open.error();
        if (*open == "[]") break;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Rate{"programs (true), from submit to the last end", count / seconds_since(begun), 0, 0};
}

Result<std::vector<Rate>> measure_all(const cli::Target& target, const BenchJobsOptions& options,
                                      cli::Console& console) {
    std::vector<Rate> rates;
    const auto one = post("/v1/jobs", job_of("bench", true));
    json::array many;
    for (int i = 0; i < kBulk; ++i)
        many.push_back(job_of("bench", true));
    json::object body;
    body.emplace("jobs", std::move(many));
    const auto bulk = post("/v1/jobs/bulk", std::move(body));
    const auto keep = [&rates](Result<Rate> rate) -> Result<void> {
        if (!rate) return std::move(rate).error();
        rates.push_back(std::move(*rate));
        return {};
    };
    auto done = keep(measure(target, console, "submit, 1 caller",
                             std::max(1, options.jobs / options.callers), 1, 1, one));
    if (done)
        done =
            keep(measure(target, console, "submit, " + std::to_string(options.callers) + " callers",
                         options.jobs, options.callers, 1, one));
    if (done)
        done = keep(measure(target, console, "submit, bulk of 1000",
                            std::max(1, options.jobs / kBulk), 1, kBulk, bulk));
    if (done && options.programs > 0)
        done = keep(run_programs(target, console, std::min(options.programs, 10'000)));
    if (!done) return std::move(done).error();
    return rates;
}

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), value >= 100 ? "%.0f" : "%.2f", value);
    return text.data();
}

int show(const std::vector<Rate>& rates, cli::Console& console) {
    if (console.json) {
        json::array all;
        for (const auto& rate : rates) {
            all.push_back(json::object{{"what", json_text(rate.what)},
                                       {"jobs_per_second", rate.per_second},
                                       {"p50_ms", rate.p50_ms},
                                       {"p99_ms", rate.p99_ms}});
        }
        console.out << write_json(all) << '\n';
        return cli::kExitSuccess;
    }
    std::vector<cli::TableRow> rows;
    for (const auto& rate : rates) {
        rows.push_back(
            {rate.what, number(rate.per_second), number(rate.p50_ms), number(rate.p99_ms)});
    }
    console.out << cli::render_table({{"over HTTP"},
                                      {"jobs/s", cli::Align::Right},
                                      {"p50 ms", cli::Align::Right},
                                      {"p99 ms", cli::Align::Right}},
                                     rows, {});
    return cli::kExitSuccess;
}

}  // namespace

int run_bench_jobs(const BenchJobsOptions& options, cli::Console& console) {
    if (options.target.url || !console.variable("ZSERVER_URL").empty()) {
        const auto rates = measure_all(options.target, options, console);
        return rates ? show(*rates, console) : console.fail(rates.error());
    }
    const ScratchFolder folder;
    OwnServer server(folder.path() / "data", {});
    const auto started = server.start_blocking();
    if (!started) return console.fail(started.error());
    cli::Target target;
    target.url = server.url();
    target.token = server.token();
    const auto rates = measure_all(target, options, console);
    server.stop_blocking();
    return rates ? show(*rates, console) : console.fail(rates.error());
}

}  // namespace zs::server
