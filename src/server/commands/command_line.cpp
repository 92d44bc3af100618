#include "server/commands/command_line.hpp"

#include "adapters/cli/client_options.hpp"
#include "server/commands/audit_command.hpp"
#include "server/commands/config_commands.hpp"
#include "server/commands/migrate_command.hpp"
#include "server/commands/trial_options.hpp"
#include "server/commands/user_commands.hpp"
#include "server/commands/worker_command.hpp"
#include "server/suggest.hpp"
#include "server/version.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <ostream>

namespace zs::server {
namespace {

constexpr std::string_view kAbout =
    "zserver: SQL, identities and more behind one API; one binary, no other service needed.";

constexpr std::string_view kExamples = R"(Examples:
  zserver server --dev                        a server to try things with
  zserver server --config zserver.toml        a server to keep
  zserver sql "SELECT 1"                      ask a running server
  zserver jobs submit -f -- ./report.sh       run a program on it
  zserver COMMAND --help                      more about a command

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.)";

using Serve = std::function<int(const Config&)>;

void add_config_option(CLI::App& command, ConfigSource& source) {
    command.add_option("-c,--config", source.file, "TOML file [ZSERVER_CONFIG]")->type_name("FILE");
}

void add_source(CLI::App& command, ConfigSource& source) {
    add_config_option(command, source);
    command.add_option("--data", source.data, "Data directory [ZDB_DATA, else ./data]")
        ->type_name("DIR");
}

// Gives `command` every flag that the table of keys knows.
void add_key_flags(CLI::App& command, const std::shared_ptr<ConfigSource>& source) {
    for (const auto& key : all_keys()) {
        if (key.flag.empty()) continue;
        std::string help(key.help);
        if (!key.env.empty()) help += " [" + std::string(key.env.front()) + "]";
        const auto shown = std::string(key.flag.substr(key.flag.find("--")));
        const auto name = std::string(key.name);
        command
            .add_option_function<std::string>(
                std::string(key.flag),
                [source, shown, name](const std::string& value) {
                    source->flags.push_back({shown, name, value});
                },
                help)
            ->type_name("VALUE");
    }
    // Scripts also pass them without a number.
    for (const auto& [flag, name] :
         {std::pair("--workers", "server.workers"),
          std::pair("--worker-concurrency", "server.worker_concurrency")}) {
        command
            .add_option_function<std::string>(
                flag,
                [source, shown = std::string(flag), key = std::string(name)](const std::string& v) {
                    if (!v.empty()) source->flags.push_back({shown, key, v});
                },
                "Programs of jobs that run at once [ZWORKER_CONCURRENCY]")
            ->type_name("N")
            ->expected(0, 1);
    }
}

void add_server(CLI::App& app, cli::Console& console, const Serve& serve, int& exit_code) {
    auto* command = app.add_subcommand("server", "Serve until SIGTERM or SIGINT");
    command->footer(R"(Examples:
  zserver server --dev                        loopback only; prints an admin token
  zserver server -c /etc/zserver.toml --data /var/lib/zserver
  ZDB_ADDR=0.0.0.0:80 zserver server

Every setting, its variable and its default: zserver config docs.)");
    auto source = std::make_shared<ConfigSource>();
    add_config_option(*command, *source);
    add_key_flags(*command, source);
    command->add_flag("--dev", source->dev, "Accept a printed admin token; loopback only");
    command->callback([source, &console, &serve, &exit_code] {
        auto config = load_or_explain(config_input(*source, console), console);
        exit_code = config ? serve(*config) : console.fail(config.error());
    });
}

void add_worker(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* command = app.add_subcommand("worker", "Run jobs of a server, or of a PostgreSQL, here");
    command->footer(R"(Examples:
  zserver worker --server https://z.example.org --concurrency 8 --label gpu
  ZWORKER_SERVER=https://z.example.org ZWORKER_TOKEN=zs_… zserver worker
  ZSTORAGE_BACKEND=postgres DATABASE_URL=postgres://… zserver worker --data /var/lib/zserver

Without a server, but with the PostgreSQL of several of them, it leases from the database and runs
jobs of every organization. Artifacts need a folder that the servers use, too.

The token is an API key with jobs:read, jobs:update and files:read. It gets only jobs of the key's
own organization and environment. SIGTERM: no new jobs; what runs gets ZSHUTDOWN_GRACE_SECS, then
is stopped and given back. A second signal does not wait.)");
    auto options = std::make_shared<WorkerCommandOptions>();
    command->add_option("--server", options->server, "Whose jobs to run [ZWORKER_SERVER]")
        ->type_name("URL");
    command->add_option("--token", options->token, "API key [ZWORKER_TOKEN]")->type_name("TOKEN");
    command->add_option("--id", options->id, "Name, the same after a restart [host and directory]")
        ->type_name("NAME");
    command->add_option("--label", options->labels, "What jobs may require; repeatable")
        ->type_name("LABEL")
        ->allow_extra_args(false);
    command->add_option("--concurrency", options->slots, "Jobs at once [ZWORKER_CONCURRENCY]")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    command->add_option("--temp-dir", options->temp_dir, "Where they work [ZWORKER_TEMP_DIR]")
        ->type_name("DIR");
    add_source(*command, options->source);
    command->callback(
        [options, &console, &exit_code] { exit_code = run_worker_command(*options, console); });
}

void add_config(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* config = app.add_subcommand("config", "Check, show or document the configuration");
    config->require_subcommand(1);
    auto source = std::make_shared<ConfigSource>();
    auto* check = config->add_subcommand("check", "Report every problem, with its line");
    auto* show = config->add_subcommand("show", "Print what is in force and where it comes from");
    for (auto* command : {check, show})
        add_source(*command, *source);
    check->footer("Example: zserver config check --config zserver.toml");
    show->footer("Example: zserver config show --json\nSecrets are printed as ***.");
    auto* docs = config->add_subcommand("docs", "Print the table of all keys as Markdown");
    check->callback(
        [source, &console, &exit_code] { exit_code = check_config_command(*source, console); });
    show->callback(
        [source, &console, &exit_code] { exit_code = show_config_command(*source, console); });
    docs->callback([&console, &exit_code] { exit_code = config_docs_command(console); });
}

void add_migrate(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* command = app.add_subcommand("migrate", "Bring the database's schema forward or back");
    command->footer(R"(Examples:
  zserver migrate status
  zserver migrate up
  zserver migrate down --steps 2 --dry-run
  zserver migrate down --to 0                 an empty schema

The database: the one of --config or --data, else DATABASE_URL, else the embedded one.)");
    auto options = std::make_shared<MigrateOptions>();
    command->add_option("ACTION,--action", options->action, "up, down or status")
        ->required()
        ->check(CLI::IsMember(std::vector<std::string>{"up", "down", "status"}));
    auto* to = command->add_option("--to", options->to, "The version to end at; 0 is empty")
                   ->type_name("N")
                   ->check(CLI::NonNegativeNumber);
    command->add_option("--steps", options->steps, "How many (up: all, down: 1)")
        ->type_name("N")
        ->check(CLI::PositiveNumber)
        ->excludes(to);
    command->add_flag("--dry-run", options->dry_run, "Only say what would be done");
    command->add_option("--dir", options->folder, "Migration files instead of the built-in ones")
        ->type_name("DIR");
    add_source(*command, options->source);
    command->callback(
        [options, &console, &exit_code] { exit_code = run_migrate(*options, console); });
}

using UserCommand = int (*)(const UserOptions&, cli::Console&);

CLI::App* add_user_command(CLI::App& parent, const std::string& name, const std::string& about,
                           const std::shared_ptr<UserOptions>& options, UserCommand run,
                           cli::Console& console, int& exit_code) {
    auto* command = parent.add_subcommand(name, about);
    add_source(*command, options->source);
    command->callback([options, run, &console, &exit_code] { exit_code = run(*options, console); });
    return command;
}

void add_users(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* user = app.add_subcommand("user", "Manage accounts, directly on the database");
    user->require_subcommand(1);
    auto options = std::make_shared<UserOptions>();
    auto* create = add_user_command(*user, "create", "Make an account", options,
                                    create_user_command, console, exit_code);
    auto* passwd = add_user_command(*user, "passwd", "Set a password and end all sessions", options,
                                    change_password_command, console, exit_code);
    auto* list = add_user_command(*user, "list", "List the accounts of an organisation", options,
                                  list_users_command, console, exit_code);
    auto* token = add_user_command(app, "token", "Make an access token for an account", options,
                                   token_command, console, exit_code);
    for (auto* command : {create, passwd, token}) {
        command->add_option("--email", options->email, "Account")->type_name("ADDRESS")->required();
    }
    create->add_option("--role", options->roles, "admin, operator, reader or another; repeatable")
        ->type_name("ROLE")
        ->allow_extra_args(false);
    create->add_option("--name", options->name, "Name to show")->type_name("TEXT");
    for (auto* command : {create, list}) {
        command->add_option("--org", options->org, "Organisation [auth.default_org]")
            ->type_name("ID");
    }
    token->add_option("--environment", options->environment, "live or sandbox")
        ->type_name("NAME")
        ->capture_default_str();
    create->footer(
        "Example: zserver user create --email ada@example.org --role admin\n"
        "The password is asked for, taken from ZSERVER_PASSWORD, or piped in.");
    passwd->footer("Example: zserver user passwd --email ada@example.org");
    list->footer("Example: zserver user list --json");
    token->footer(
        "Example: export ZSERVER_TOKEN=$(zserver token --email ada@example.org)\n"
        "It opens a session of that account, which is audited.");
}

void add_audit(CLI::App& app, cli::Console& console, int& exit_code) {
    auto* audit = app.add_subcommand("audit", "Check the audit log, directly on the database");
    audit->require_subcommand(1);
    auto source = std::make_shared<ConfigSource>();
    auto* verify = audit->add_subcommand("verify", "Say whether a row was changed or removed");
    add_source(*verify, *source);
    verify->footer("Example: zserver audit verify --data /var/lib/zserver");
    verify->callback(
        [source, &console, &exit_code] { exit_code = verify_audit_command(*source, console); });
}

void add_version(CLI::App& app, cli::Console& console, int& exit_code) {
    app.set_version_flag("-V,--version", "zserver " + std::string(kVersion));
    auto* command = app.add_subcommand("version", "Show the versions of program and API");
    command->callback([&console, &exit_code] { exit_code = version_command(console); });
}

void add_common(CLI::App& app, cli::Console& console) {
    app.add_flag("-j,--json", console.json, "Print exactly one JSON value, also for an error");
    app.add_flag("-q,--quiet", console.quiet, "No notes and warnings");
    app.add_flag("--no-color", console.no_color, "No colours [NO_COLOR]");
    // Nothing draws one yet; accepted, because scripts pass it to every command.
    app.add_flag_callback(
        "--no-progress", [] {}, "No progress bars");
}

// Lets the common flags stand behind any command.
void let_fall_through(CLI::App& app) {
    for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
        command->fallthrough();
        let_fall_through(*command);
    }
}

// "did you mean 'server'?" for the first word that is no command.
std::string command_hint(const CLI::App& app, const std::vector<std::string>& arguments) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(command->get_name());
    }
    for (const auto& word : arguments) {
        if (word.starts_with('-')) continue;
        if (std::find(names.begin(), names.end(), word) != names.end()) return {};
        const std::vector<std::string_view> views(names.begin(), names.end());
        const auto meant = nearest(word, views);
        return meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?";
    }
    return {};
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, cli::Console& console,
                     const Serve& serve) {
    int exit_code = cli::kExitSuccess;
    const SystemClock clock;
    CLI::App app{std::string(kAbout), "zserver"};
    app.footer(std::string(kExamples));
    app.require_subcommand(1);
    add_common(app, console);
    add_server(app, console, serve, exit_code);
    add_worker(app, console, exit_code);
    cli::add_client_commands(app, console, clock, exit_code);
    add_users(app, console, exit_code);
    add_audit(app, console, exit_code);
    add_migrate(app, console, exit_code);
    add_config(app, console, exit_code);
    add_trials(app, console, exit_code);
    add_version(app, console, exit_code);
    let_fall_through(app);
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        console.out.flush();
        return exit_code;
    } catch (const CLI::ParseError& failed) {
        if (failed.get_exit_code() == 0) return app.exit(failed, console.out, console.err);
        // The parse may have ended before it saw the flag.
        console.json =
            console.json
            || std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
        return console.fail(cli::usage_error(failed.what() + command_hint(app, arguments)
                                             + "\nRun with --help for more."));
    }
}

}  // namespace zs::server
