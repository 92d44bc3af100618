#include "server/commands/command_line.hpp"

#include "base/json.hpp"
#include "server/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace zs::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CommandLineTest : public ::testing::Test {
protected:
    CommandLineTest() {
        std::string pattern = ::testing::TempDir() + "zs_commands_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~CommandLineTest() override { std::filesystem::remove_all(folder_); }

    int run(const std::vector<std::string>& arguments, const std::string& input = {}) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        cli::Console console{.in = in, .out = out, .err = err, .environment = variables_};
        const int code = run_command_line(arguments, console, [this](const Config& config) {
            served_ = config;
            return 7;
        });
        out_ = out.str();
        err_ = err.str();
        return code;
    }
    // The one JSON value on standard output.
    boost::json::value json() {
        auto value = parse_json(out_);
        EXPECT_TRUE(value) << out_;
        return value ? *value : boost::json::value();
    }
    std::vector<std::string> on_data(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--data", folder_ + "/data"});
        return arguments;
    }

    std::string folder_;
    // Cheap hashes: the rules are the same.
    std::map<std::string, std::string> variables_{{"ZAUTH_ARGON2_MEMORY_KIB", "8192"},
                                                  {"ZAUTH_ARGON2_PASSES", "1"}};
    std::optional<Config> served_;
    std::string out_;
    std::string err_;
};

TEST_F(CommandLineTest, EveryCommandHasHelp) {
    const std::vector<std::vector<std::string>> commands{{},
                                                         {"server"},
                                                         {"sql"},
                                                         {"login"},
                                                         {"logout"},
                                                         {"whoami"},
                                                         {"user"},
                                                         {"user", "create"},
                                                         {"user", "passwd"},
                                                         {"user", "list"},
                                                         {"token"},
                                                         {"migrate"},
                                                         {"config"},
                                                         {"config", "check"},
                                                         {"config", "show"},
                                                         {"config", "docs"},
                                                         {"version"}};
    for (auto command : commands) {
        command.push_back("--help");
        EXPECT_EQ(run(command), 0);
        EXPECT_THAT(out_, HasSubstr("Usage: ")) << command.front();
        EXPECT_EQ(err_, "");
    }
}

TEST_F(CommandLineTest, VersionsInBothForms) {
    EXPECT_EQ(run({"--version"}), 0);
    EXPECT_EQ(out_, "zserver " + std::string(kVersion) + "\n");
    EXPECT_EQ(run({"version"}), 0);
    EXPECT_THAT(out_, StartsWith("zserver " + std::string(kVersion)));
    EXPECT_EQ(run({"version", "--json"}), 0);
    EXPECT_EQ(json().at("version").as_string(), std::string(kVersion));
}

TEST_F(CommandLineTest, WrongUsageAnswers2) {
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({"serve"}), 2);
    EXPECT_THAT(err_, HasSubstr("did you mean 'server'?"));
    EXPECT_EQ(run({"server", "--prot", "1"}), 2);
    EXPECT_EQ(run({"sql", "SELECT 1", "--format", "xml"}), 2);
    EXPECT_EQ(run({"migrate", "sideways"}), 2);
    EXPECT_EQ(run({"migrate", "down", "--to", "1", "--steps", "1"}), 2);
    EXPECT_EQ(run({"user"}), 2);
    EXPECT_EQ(run({"user", "create"}), 2);
    EXPECT_EQ(out_, "");
    EXPECT_EQ(run({"nonsense", "--json"}), 2);
    EXPECT_EQ(json().at("error").as_string(), "usage");
    EXPECT_EQ(err_, "");
}

TEST_F(CommandLineTest, ServerGetsTheCheckedConfiguration) {
    variables_["ZSQL_MAX_ROWS"] = "7";
    EXPECT_EQ(
        run({"server", "-p", "0", "--host", "::1", "--data", "/d", "--log-level", "warn", "--dev"}),
        7);
    ASSERT_TRUE(served_);
    EXPECT_EQ(served_->server.addr, (Endpoint{"::1", 0}));
    EXPECT_EQ(served_->server.data, "/d");
    EXPECT_EQ(served_->monitoring.log_level, log::Level::Warn);
    EXPECT_EQ(served_->sql.rows_max, 7U);
    EXPECT_TRUE(served_->dev);
}

TEST_F(CommandLineTest, KeysOfLaterPartsAreAWarning) {
    const auto path = folder_ + "/z.toml";
    std::ofstream(path) << "[collab]\nx = 1\n";
    EXPECT_EQ(run({"server", "--config", path}), 7);
    EXPECT_THAT(err_, HasSubstr("z.toml:2: collab.x belongs to live documents"));
    EXPECT_EQ(run({"server", "--config", path, "--workers", "4", "--quiet"}), 7);
    EXPECT_EQ(err_, "");
}

TEST_F(CommandLineTest, AWrongConfigurationStopsTheServer) {
    EXPECT_EQ(run({"server", "--port", "x", "--dev", "--host", "0.0.0.0"}), 1);
    EXPECT_FALSE(served_);
    EXPECT_THAT(err_, HasSubstr("the configuration has 2 errors:\n  --port: server.port must be "));
    EXPECT_THAT(err_, HasSubstr("\n  --dev: server.addr must be a loopback address"));
}

TEST_F(CommandLineTest, ConfigCheckReportsEveryProblem) {
    const auto path = folder_ + "/z.toml";
    std::ofstream(path) << "[sql]\nmax_rows = 0\nmax_row = 1\n[collab]\nx = 1\n";
    EXPECT_EQ(run({"config", "check", "--config", path}), 1);
    EXPECT_THAT(err_, HasSubstr("z.toml:2: sql.max_rows must be between 1 and 100000; got 0\n"));
    EXPECT_THAT(err_, HasSubstr("z.toml:3: unknown key 'sql.max_row'; did you mean"));
    EXPECT_THAT(err_, HasSubstr("warning: z.toml:5: collab.x"));
    EXPECT_EQ(run({"config", "check", "-c", path, "--json"}), 1);
    EXPECT_FALSE(json().at("valid").as_bool());
    EXPECT_EQ(json().at("errors").as_array().size(), 2U);
    EXPECT_EQ(run({"config", "check"}), 0);
    EXPECT_EQ(out_, "The configuration is valid.\n");
}

TEST_F(CommandLineTest, ConfigShowMasksSecrets) {
    const std::string secret(40, 's');
    variables_["ZJWT_SECRET"] = secret;
    EXPECT_EQ(run({"config", "show"}), 0);
    EXPECT_THAT(out_, HasSubstr("jwt_secret = \"***\""));
    EXPECT_THAT(out_, HasSubstr("# ZJWT_SECRET\n"));
    EXPECT_THAT(out_, Not(HasSubstr(secret)));
    EXPECT_EQ(run({"config", "show", "--json"}), 0);
    EXPECT_TRUE(json().is_array());
    EXPECT_THAT(out_, Not(HasSubstr(secret)));
}

TEST_F(CommandLineTest, MigrateGoesUpDownAndUp) {
    EXPECT_EQ(run(on_data({"migrate", "status", "--json"})), 0);
    EXPECT_FALSE(json().at("up_to_date").as_bool());
    const auto count = json().at("migrations").as_array().size();
    EXPECT_GT(count, 0U);

    EXPECT_EQ(run(on_data({"migrate", "up", "--dry-run", "--json"})), 0);
    EXPECT_EQ(json().at("steps").as_array().size(), count);
    EXPECT_EQ(run(on_data({"migrate", "up"})), 0);
    EXPECT_THAT(out_, StartsWith("applied 001 "));
    EXPECT_EQ(run(on_data({"migrate", "up", "--json"})), 0);
    EXPECT_EQ(json().at("steps").as_array().size(), 0U);
    EXPECT_EQ(run(on_data({"migrate", "status"})), 0);
    EXPECT_THAT(out_, HasSubstr(" applied | 001"));

    EXPECT_EQ(run(on_data({"migrate", "--action", "down", "--to", "0", "--json"})), 0);
    EXPECT_EQ(json().at("steps").as_array().size(), count);
    EXPECT_EQ(run(on_data({"migrate", "up", "--steps", "1", "--json"})), 0);
    EXPECT_EQ(json().at("steps").as_array().size(), 1U);
}

TEST_F(CommandLineTest, MigrateTakesTheDatabaseOfDatabaseUrl) {
    variables_["DATABASE_URL"] = "postgres://u:secret@127.0.0.1:1/none";
    EXPECT_EQ(run({"migrate", "status"}), 1);
    EXPECT_THAT(err_, Not(HasSubstr("secret")));
    EXPECT_EQ(run(on_data({"migrate", "status"})), 0);
}

TEST_F(CommandLineTest, OperatorsManageAccounts) {
    const std::string password = "a long enough passphrase";
    EXPECT_EQ(run(on_data({"user", "create", "--email", "Ada@Example.org", "--role", "admin",
                           "--role", "reader", "--name", "Ada", "--json"}),
                  password + "\n"),
              0)
        << err_;
    EXPECT_EQ(json().at("email").as_string(), "ada@example.org");
    EXPECT_EQ(json().at("roles").as_array().size(), 2U);
    EXPECT_THAT(out_, Not(HasSubstr(password)));

    variables_["ZSERVER_PASSWORD"] = password;
    EXPECT_EQ(run(on_data({"user", "create", "--email", "ada@example.org"})), 1);
    EXPECT_EQ(run(on_data({"user", "list", "--json"})), 0);
    ASSERT_EQ(json().as_array().size(), 1U);
    EXPECT_EQ(json().at(0).at("name").as_string(), "Ada");
    EXPECT_EQ(run(on_data({"user", "list"})), 0);
    EXPECT_THAT(out_, HasSubstr("ada@example.org | Ada"));

    EXPECT_EQ(run(on_data({"token", "--email", "ada@example.org", "--environment", "sandbox"})), 0)
        << err_;
    EXPECT_EQ(std::count(out_.begin(), out_.end(), '.'), 2);
    EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1);
    EXPECT_EQ(run(on_data({"token", "--email", "nobody@example.org"})), 1);

    EXPECT_EQ(run(on_data({"user", "passwd", "--email", "ada@example.org"})), 0) << err_;
    EXPECT_EQ(run(on_data({"user", "passwd", "--email", "nobody@example.org"})), 1);
    variables_["ZSERVER_PASSWORD"] = "short";
    EXPECT_EQ(run(on_data({"user", "passwd", "--email", "ada@example.org"})), 1);
}

TEST_F(CommandLineTest, APasswordMustComeFromSomewhere) {
    EXPECT_EQ(run(on_data({"user", "create", "--email", "a@b.co"})), 2);
    EXPECT_THAT(err_, HasSubstr("ZSERVER_PASSWORD"));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/data"));
}

}  // namespace
}  // namespace zs::server
