#include "adapters/cli/client_options.hpp"

#include "adapters/cli/account_commands.hpp"
#include "adapters/cli/collection_options.hpp"
#include "adapters/cli/files_options.hpp"
#include "adapters/cli/jobs_options.hpp"
#include "adapters/cli/sql_command.hpp"
#include "adapters/cli/target_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::cli {
namespace {

constexpr std::string_view kSqlExamples = R"(Examples:
  zserver sql "SELECT * FROM users WHERE age > ?" --param 30
  zserver sql "SELECT * FROM users WHERE name = :name" --param name=Ada
  zserver sql --file report.sql --format csv > report.csv
  echo "SELECT 1" | zserver sql -

A parameter is JSON when it reads as JSON (42, true, null, "42", [1,2]), else text. A text such as
a=b is written =a=b. Credentials: --token or ZSERVER_TOKEN, else the profile of `zserver login`.)";

constexpr std::string_view kLoginExamples = R"(Examples:
  zserver login --url https://db.example.org --email ada@example.org
  ZSERVER_PASSWORD=… zserver login --email ci@example.org --environment sandbox
  pass show zserver | zserver login --email ada@example.org --profile work

The password is never an argument: it is asked for, taken from ZSERVER_PASSWORD, or piped in. Tokens
are kept in ~/.config/zserver/profiles.toml (mode 0600) and renewed as they end.)";

void add_sql(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("sql", "Run a statement on a server");
    command->footer(std::string(kSqlExamples));
    auto options = std::make_shared<SqlOptions>();
    auto format = std::make_shared<std::string>("table");
    command->add_option("STATEMENT", options->sql, "The statement; - reads standard input");
    command->add_option("-f,--file", options->file, "Read the statement from a file")
        ->type_name("FILE");
    command->add_option("--param", options->params, "Value of the next ?, or NAME=V for :NAME")
        ->type_name("V")
        ->allow_extra_args(false);
    command->add_option("--format", *format, "table, json, csv or ndjson")
        ->check([](const std::string& text) {
            return parse_sql_format(text) ? std::string()
                                          : "must be table, json, csv or ndjson; got " + text;
        })
        ->capture_default_str()
        ->type_name("FORMAT");
    command->add_option("--timeout", options->timeout_secs, "Run time of the statement")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 300));
    command->add_option("--max-rows", options->rows_max, "Rows at most (table and json)")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000));
    add_server_options(*command, options->target);
    command->callback([options, format, &console, &clock, &exit_code] {
        options->format = *parse_sql_format(*format);
        exit_code = run_sql(*options, console, clock);
    });
}

void add_login(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("login", "Sign in and keep the tokens in a profile");
    command->footer(std::string(kLoginExamples));
    auto options = std::make_shared<LoginOptions>();
    add_profile_options(*command, options->target, "Name to keep the sign-in under [default]");
    command->add_option("--email", options->email, "Account [ZSERVER_EMAIL, else asked for]")
        ->type_name("ADDRESS");
    command->add_option("--environment", options->environment, "live or sandbox [live]")
        ->type_name("NAME");
    command->callback([options, &console, &clock, &exit_code] {
        exit_code = run_login(*options, console, clock);
    });
}

void add_logout(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("logout", "End the session and forget its tokens");
    auto target = std::make_shared<Target>();
    add_profile_options(*command, *target, "Sign-in to end [ZSERVER_PROFILE, else default]");
    command->callback([target, &console, &clock, &exit_code] {
        exit_code = run_logout(*target, console, clock);
    });
}

void add_whoami(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("whoami", "Show the account, org and environment in use");
    auto target = std::make_shared<Target>();
    add_server_options(*command, *target);
    command->callback([target, &console, &clock, &exit_code] {
        exit_code = run_whoami(*target, console, clock);
    });
}

}  // namespace

void add_client_commands(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    add_sql(app, console, clock, exit_code);
    add_collection_commands(app, console, clock, exit_code);
    add_files(app, console, clock, exit_code);
    add_jobs(app, console, clock, exit_code);
    add_login(app, console, clock, exit_code);
    add_logout(app, console, clock, exit_code);
    add_whoami(app, console, clock, exit_code);
}

}  // namespace zs::cli
