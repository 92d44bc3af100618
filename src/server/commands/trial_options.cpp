#include "server/commands/trial_options.hpp"

#include "server/commands/trial_commands.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::server {
namespace {

void add_crashtest(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* crashtest = app.add_subcommand("crashtest", "Kill a server of its own, and count");
    crashtest->require_subcommand(1);
    auto* jobs = crashtest->add_subcommand("jobs", "SIGKILL while jobs are submitted and run");
    jobs->footer(
        "Example: zserver crashtest jobs --rounds 100 --seed 7\n"
        "It starts a server on a free port and a worker, with data in the temporary folder, and\n"
        "kills the server, the worker, or both. Exit code 0: every submit that was answered\n"
        "ended well and once, with every line of its log.");
    auto options = std::make_shared<CrashTestOptions>();
    jobs->add_option("--rounds", options->rounds, "How often it is killed")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    jobs->add_option("--callers", options->callers, "Who submit at once")
        ->type_name("N")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    jobs->add_option("--deaths", options->deaths, "Programs whose shim is killed, to measure")
        ->type_name("N")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    jobs->add_option("--seed", options->seed, "Of the moments of the kills")->type_name("N");
    jobs->callback(
        [options, &console, &exit_code] { exit_code = run_crashtest_jobs(*options, console); });
}

void add_bench(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* bench = app.add_subcommand("bench", "Measure this program on this machine");
    bench->require_subcommand(1);
    auto* jobs = bench->add_subcommand("jobs", "Submit and run jobs over HTTP");
    jobs->footer(
        "Example: zserver bench jobs --jobs 20000 --callers 64\n"
        "Without --url it measures a server of its own. Every submit is on the disk before it is\n"
        "answered.");
    auto options = std::make_shared<BenchJobsOptions>();
    jobs->add_option("--url", options->target.url, "A running server [ZSERVER_URL]")
        ->type_name("URL");
    jobs->add_option("--token", options->target.token, "Access token or API key [ZSERVER_TOKEN]")
        ->type_name("TOKEN");
    jobs->add_option("--jobs", options->jobs, "Submits")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    jobs->add_option("--callers", options->callers, "Connections at once")
        ->type_name("N")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    jobs->add_option("--programs", options->programs, "Programs to run; 0: none")
        ->type_name("N")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    jobs->callback(
        [options, &console, &exit_code] { exit_code = run_bench_jobs(*options, console); });
}

}  // namespace

void add_trials(CLI::App& app, cli::Console& console, int& exit_code) {
    add_crashtest(app, console, exit_code);
    add_bench(app, console, exit_code);
}

}  // namespace zs::server
