#include "adapters/cli/jobs_options.hpp"

#include "adapters/cli/jobs_commands.hpp"
#include "adapters/cli/target_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::cli {
namespace {

constexpr std::string_view kExamples = R"(Examples:
  zserver jobs submit -- python3 report.py --year 2026
  zserver jobs submit --follow --env REGION=eu -- ./import.sh
  zserver jobs submit --unique-key nightly --on-conflict return -- ./nightly.sh
  zserver jobs logs -f 0198c0de-…
  zserver jobs artifacts 0198c0de-… report.pdf -o report.pdf
  zserver jobs why 0198c0de-…                 what keeps it from running

The command stands behind --. It is never passed through a shell: write sh -c '…' for one.)";

using Run = int (*)(const JobsOptions&, Console&, const Clock&);
using Options = std::shared_ptr<JobsOptions>;

struct Place {
    CLI::App& parent;
    Console& console;
    const Clock& clock;
    int& exit_code;
};

CLI::App* add(const Place& to, const std::string& name, const std::string& about,
              const Options& options, Run run) {
    auto* command = to.parent.add_subcommand(name, about);
    add_server_options(*command, options->target);
    command->callback([options, run, to] { to.exit_code = run(*options, to.console, to.clock); });
    return command;
}

CLI::App* add_for_ids(const Place& to, const std::string& name, const std::string& about,
                      const Options& options, Run run, int count) {
    auto* command = add(to, name, about, options, run);
    if (count != 1) {
        command->add_option("ID", options->ids, "The jobs' ids")->required();
        return command;
    }
    // One text and not a list of one, which would take what stands behind it, too.
    command
        ->add_option_function<std::string>(
            "ID", [options](const std::string& id) { options->ids = {id}; }, "The job's id")
        ->required();
    return command;
}

template <class T>
void add_list(CLI::App& command, const std::string& flag, T& into, const std::string& help,
              const std::string& type) {
    command.add_option(flag, into, help)->type_name(type)->allow_extra_args(false);
}

void add_submit_fields(CLI::App& command, SubmitOptions& submit) {
    add_list(command, "--env", submit.env, "Variable of the program; NAME alone takes ours",
             "NAME=VALUE");
    add_list(command, "--metadata", submit.metadata, "Returned and filterable", "NAME=VALUE");
    add_list(command, "--tag", submit.tags, "Tag; repeatable", "TAG");
    add_list(command, "--requires", submit.labels, "Only workers with this label", "LABEL");
    add_list(command, "--depends-on", submit.depends_on,
             "Run after this job; when: succeeded, failed, finished", "ID[:WHEN]");
    add_list(command, "--file", submit.files, "Put a stored file into the working directory",
             "PATH=SHA256");
    add_list(command, "--param", submit.params, "Parameter of the template", "NAME=VALUE");
    command.add_option("--template", submit.job_template, "Template to submit")->type_name("NAME");
    command.add_option("--name", submit.name, "Name to show and to filter by")->type_name("TEXT");
    command.add_option("--input", submit.input, "JSON for the program, or @FILE")
        ->type_name("JSON");
    command.add_option("--unique-key", submit.unique_key, "At most one job with it at a time")
        ->type_name("KEY");
    command.add_option("--on-conflict", submit.on_conflict, "return, replace or error")
        ->type_name("WHAT");
    command.add_option("--concurrency", submit.concurrency, "At most MAX run with this key")
        ->type_name("KEY:MAX");
    command.add_option("--timeout", submit.timeout_secs, "Of one attempt")->type_name("SECONDS");
    command.add_option("--retries", submit.max_retries, "Further attempts after a failure")
        ->type_name("N");
    command.add_option("--priority", submit.priority, "-100 to 100, higher first")->type_name("N");
    command.add_option("--delay", submit.delay_secs, "Not before that many seconds")
        ->type_name("SECONDS");
    command.add_option("--at", submit.run_at, "Not before this time")->type_name("TIME");
}

void add_submit(const Place& to, const Options& options) {
    auto* command = add(to, "submit", "Submit a job, or many", options, run_jobs_submit);
    SubmitOptions& submit = options->submit;
    command->add_option("COMMAND", submit.command, "Program and arguments, behind --");
    add_submit_fields(*command, submit);
    command->add_option("--spec", submit.spec_file, "JSON specification; - is standard input")
        ->type_name("FILE");
    command
        ->add_option("--bulk", submit.bulk_file,
                     "One JSON specification per line; -: standard input")
        ->type_name("FILE");
    command->add_flag("-f,--follow", submit.follow,
                      "Print what it prints; exit 0 only when it succeeds");
}

}  // namespace

void add_jobs(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* jobs = app.add_subcommand("jobs", "Submit, watch and steer jobs on a server");
    jobs->require_subcommand(1);
    jobs->footer(std::string(kExamples));
    const Place to{*jobs, console, clock, exit_code};
    auto options = std::make_shared<JobsOptions>();
    add_submit(to, options);
    auto* list = add(to, "list", "List jobs, newest first", options, run_jobs_list);
    list->add_option("--state", options->state, "Comma list of states")->type_name("STATES");
    list->add_option("--name", options->name, "Only this name")->type_name("TEXT");
    list->add_option("--tag", options->tag, "Only with this tag")->type_name("TAG");
    list->add_option("--limit", options->limit, "At most")
        ->type_name("N")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    add_for_ids(to, "get", "Show a job", options, run_jobs_get, 1);
    auto* logs = add_for_ids(to, "logs", "Print what a job printed", options, run_jobs_logs, 1);
    logs->add_flag("-f,--follow", options->follow, "Go on until it ends");
    logs->add_option("--stream", options->stream, "stdout, stderr or system")->type_name("NAME");
    logs->add_option("--from-seq", options->from_seq, "From this entry on")->type_name("N");
    auto* cancel = add_for_ids(to, "cancel", "Cancel jobs", options, run_jobs_cancel, 0);
    cancel->add_flag("--purge", options->purge, "Remove ended jobs, with logs and artifacts");
    add_for_ids(to, "retry", "Run failed or canceled jobs again", options, run_jobs_retry, 0);
    add_for_ids(to, "why", "Say what keeps a job from running", options, run_jobs_why, 1);
    auto* artifacts = add_for_ids(to, "artifacts", "List the files a job made, or fetch one",
                                  options, run_jobs_artifacts, 1);
    artifacts->add_option("NAME", options->artifact, "The one to fetch");
    artifacts->add_option("-o,--output", options->output, "Where to; else standard output")
        ->type_name("FILE");
    add(to, "pause", "Start no more jobs of this environment", options, run_jobs_pause);
    add(to, "resume", "Start jobs again", options, run_jobs_resume);
    add(to, "stats", "Count jobs by state", options, run_jobs_stats);
    add(to, "workers", "List who runs jobs", options, run_jobs_workers);
}

}  // namespace zs::cli
