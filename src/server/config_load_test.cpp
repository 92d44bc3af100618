#include "server/config_load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace zs::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

LoadedConfig load(std::string_view toml, Variables environment = {},
                  std::vector<ConfigFlag> flags = {}, bool dev = false) {
    const ConfigInput input{.file = std::nullopt,
                            .environment = std::move(environment),
                            .flags = std::move(flags),
                            .dev = dev};
    return load_config_text(input, "zserver.toml", toml);
}

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
    std::vector<std::string> out;
    for (const auto& problem : problems)
        out.push_back(problem.to_string());
    return out;
}

// The only error, or what went wrong with the expectation of one.
std::string error_of(const LoadedConfig& loaded) {
    if (loaded.errors.size() == 1) return loaded.errors.front().to_string();
    return testing::PrintToString(texts(loaded.errors));
}

const Setting& setting(const LoadedConfig& loaded, std::string_view name) {
    for (const auto& each : loaded.settings) {
        if (each.key->shown_name() == name) return each;
    }
    ADD_FAILURE() << name;
    return loaded.settings.front();
}

const std::string kSecretA(32, 'a');
const std::string kSecretB(32, 'b');

TEST(LoadConfig, NothingGivenIsTheDocumentedDefault) {
    const auto loaded = load("");
    EXPECT_THAT(texts(loaded.errors), IsEmpty());
    EXPECT_THAT(texts(loaded.warnings), IsEmpty());
    EXPECT_EQ(loaded.config.server.addr, (Endpoint{"127.0.0.1", 8080}));
    EXPECT_EQ(loaded.config.sql.timeout, std::chrono::seconds(30));
    EXPECT_GE(loaded.config.server.http_threads, 1U);
    EXPECT_GE(loaded.config.sql.threads, 2U);
    EXPECT_FALSE(loaded.config.auth.jwt_secret);
    EXPECT_TRUE(loaded.config.storage.auto_migrate);
    EXPECT_TRUE(loaded.config.monitoring.metrics_addr_is_default);
    EXPECT_FALSE(loaded.config.monitoring.health_addr);
}

TEST(LoadConfig, FlagsWinOverEnvironmentOverFileOverDefaults) {
    const std::string toml = "[sql]\nmax_rows = 11\n";
    EXPECT_EQ(load("").config.sql.rows_max, 10'000U);
    EXPECT_EQ(load(toml).config.sql.rows_max, 11U);
    EXPECT_EQ(load(toml, {{"ZSQL_MAX_ROWS", "22"}}).config.sql.rows_max, 22U);
    const std::vector<ConfigFlag> flags{{"--max-rows", "sql.max_rows", "33"}};
    const auto loaded = load(toml, {{"ZSQL_MAX_ROWS", "22"}}, flags);
    EXPECT_EQ(loaded.config.sql.rows_max, 33U);
    EXPECT_EQ(setting(loaded, "sql.max_rows").place, "--max-rows");
    EXPECT_EQ(setting(load(toml), "sql.max_rows").place, "zserver.toml:2");
}

TEST(LoadConfig, AnEmptyVariableIsUnset) {
    EXPECT_EQ(load("[sql]\nmax_rows = 11", {{"ZSQL_MAX_ROWS", ""}}).config.sql.rows_max, 11U);
}

TEST(LoadConfig, EveryKeyIsAlsoAGenericVariable) {
    const auto loaded = load("", {{"ZSERVER__SQL__MAX_ROWS", "7"},
                                  {"CLAUDE_DSL__SERVER__CORS__ALLOWED_ORIGINS", "https://a.b"},
                                  {"ZSERVER__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"}});
    EXPECT_THAT(texts(loaded.errors), IsEmpty());
    EXPECT_EQ(loaded.config.sql.rows_max, 7U);
    EXPECT_THAT(loaded.config.server.cors_origins, ElementsAre("https://a.b"));
    EXPECT_THAT(loaded.config.server.trusted_proxies, ElementsAre("10.0.0.0/8", "::1"));
    EXPECT_EQ(error_of(load("", {{"ZSERVER__SQL__MAXROWS", "7"}})),
              "ZSERVER__SQL__MAXROWS: there is no key 'sql.maxrows'; did you mean 'sql.max_rows'?");
}

TEST(LoadConfig, AnErrorNamesKeyPlaceAndWhatWouldBeRight) {
    EXPECT_EQ(error_of(load("[server]\nport = 1\n\n[sql]\ntimeout_secs = 0\n")),
              "zserver.toml:5: sql.timeout_secs must be between 1 and 300 seconds; got 0");
    EXPECT_EQ(error_of(load("", {{"ZSQL_TIMEOUT_SECS", "soon"}})),
              "ZSQL_TIMEOUT_SECS: sql.timeout_secs must be between 1 and 300 seconds; got 'soon'");
    EXPECT_EQ(error_of(load("", {}, {{"--port", "server.port", "99999"}})),
              "--port: server.port must be between 0 and 65535; got '99999'");
}

TEST(LoadConfig, EveryProblemIsReportedAtOnce) {
    const auto loaded = load("[sql]\nmax_rows = 0\ntimeout_secs = true\nmax_row = 3\n",
                             {{"ZHSTS", "perhaps"}}, {{"--port", "server.port", "x"}});
    EXPECT_THAT(
        texts(loaded.errors),
        ElementsAre("zserver.toml:2: sql.max_rows must be between 1 and 100000; got 0",
                    "zserver.toml:3: sql.timeout_secs must be between 1 and 300 seconds; "
                    "got true or false",
                    "zserver.toml:4: unknown key 'sql.max_row'; did you mean 'sql.max_rows'?",
                    "ZHSTS: server.hsts must be auto, always or off; got 'perhaps'",
                    "--port: server.port must be between 0 and 65535; got 'x'"));
}

TEST(LoadConfig, AWrongValueIsAnErrorEvenWhenAHigherSourceIsRight) {
    EXPECT_EQ(load("[sql]\nmax_rows = 0\n", {{"ZSQL_MAX_ROWS", "5"}}).errors.size(), 1U);
}

TEST(LoadConfig, BrokenTomlNamesLineAndColumn) {
    const auto loaded = load("[server]\nport = = 3\n");
    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_THAT(loaded.errors[0].place, testing::MatchesRegex("zserver.toml:2:[0-9]+"));
    EXPECT_FALSE(loaded.errors[0].message.empty());
}

TEST(LoadConfig, ATypoInTheSectionIsSuggestedByItsLastWord) {
    EXPECT_EQ(error_of(load("[databases]\ntx_lock_wait_ms = 3\n")),
              "zserver.toml:2: unknown key 'databases.tx_lock_wait_ms'; did you mean "
              "'sql.tx_lock_wait_ms'?");
    EXPECT_EQ(error_of(load("colour = 'blue'\n")),
              "zserver.toml:1: unknown key 'colour'; `zserver config docs` lists the keys");
}

TEST(LoadConfig, KeysOfLaterPartsAreOneWarningPerSection) {
    const auto loaded = load(
        "[scheduler]\ntick = 1\nbatch = 3\n"
        "[collab]\nx = 1\n");
    EXPECT_THAT(texts(loaded.errors), IsEmpty());
    EXPECT_THAT(
        texts(loaded.warnings),
        ElementsAre("zserver.toml:2: scheduler.tick belongs to workflows, which this "
                    "version does not have; it is ignored",
                    "zserver.toml:5: collab.x belongs to live documents, which this version "
                    "does not have; it is ignored"));
}

TEST(LoadConfig, TheSeedFileLoads) {
    const auto loaded = load(R"(
[server]
host = "0.0.0.0"
port = 8080
workers = 4
[storage]
backend = "postgres"  # or "filesystem" or "s3"
postgres_url = "${DATABASE_URL}"
[queue]
backend = "postgres"
postgres_url = "${DATABASE_URL}"
poll_interval_ms = 1000
[monitoring]
metrics_enabled = true
)",
                             {{"DATABASE_URL", "postgres://u:p@db/z"}});
    EXPECT_THAT(texts(loaded.errors), IsEmpty());
    EXPECT_EQ(loaded.config.server.addr, (Endpoint{"0.0.0.0", 8080}));
    EXPECT_EQ(loaded.config.storage.backend, Backend::Postgres);
    EXPECT_EQ(loaded.config.storage.postgres_url->reveal(), "postgres://u:p@db/z");
    EXPECT_FALSE(loaded.config.storage.auto_migrate);
    EXPECT_EQ(loaded.config.worker.slots, 4U);
    EXPECT_EQ(loaded.config.jobs.poll, std::chrono::milliseconds(1000));
    EXPECT_EQ(loaded.warnings.size(), 0U);
}

TEST(LoadConfig, VariablesAreInterpolatedOnce) {
    const Variables variables{{"NAME", "eu"}, {"NESTED", "${NAME}"}, {"PORT_TEXT", "81"}};
    EXPECT_EQ(load("[monitoring]\nservice_name = 'z-${NAME}-${NAME}'", variables)
                  .config.monitoring.service_name,
              "z-eu-eu");
    EXPECT_EQ(
        load("[monitoring]\nservice_name = '${NESTED}'", variables).config.monitoring.service_name,
        "${NAME}");
    EXPECT_EQ(load("[monitoring]\nservice_name = '$${NAME} $x'", variables)
                  .config.monitoring.service_name,
              "${NAME} $x");
    EXPECT_EQ(load("[server]\nport = '${PORT_TEXT}'", variables).config.server.addr.port, 81);
    EXPECT_EQ(error_of(load("[server]\nport = '81'", variables)),
              "zserver.toml:2: server.port must be between 0 and 65535; got text");
}

TEST(LoadConfig, AnUnsetVariableStopsTheStartNamingTheKey) {
    EXPECT_EQ(error_of(load("[auth]\njwt_secret = '${NOT_THERE}'\n")),
              "zserver.toml:2: auth.jwt_secret: the variable ${NOT_THERE} is not set");
    EXPECT_THAT(error_of(load("[auth]\ndefault_org = 'a${B'\n")), HasSubstr("is not closed"));
}

TEST(LoadConfig, EqualFormsMayNotConflict) {
    EXPECT_EQ(load("[storage.backend]\nbackend='postgres'\nurl='postgres://h/d'\n")
                  .config.storage.postgres_url->reveal(),
              "postgres://h/d");
    EXPECT_EQ(error_of(load("[storage]\nbackend='postgres'\nurl='postgres://h/d'\n"
                            "[storage.postgres]\nurl='postgres://other/d'\n")),
              "zserver.toml:5: storage.postgres.url conflicts with storage.url (zserver.toml:3); "
              "keep one of them");
    EXPECT_TRUE(load("[storage]\nbackend='postgres'\nurl='postgres://h/d'\n"
                     "[storage.postgres]\nurl='postgres://h/d'\n")
                    .ok());
    EXPECT_EQ(
        error_of(load("", {{"ZSQL_MAX_ROWS", "5"}, {"ZSERVER__SQL__MAX_ROWS", "6"}})),
        "ZSERVER__SQL__MAX_ROWS: ZSERVER__SQL__MAX_ROWS conflicts with ZSQL_MAX_ROWS; keep one "
        "of them");
}

TEST(LoadConfig, AddressHasTwoForms) {
    const auto addr = [](std::string_view toml, Variables variables = {},
                         std::vector<ConfigFlag> flags = {}) {
        const auto loaded = load(toml, std::move(variables), std::move(flags));
        return loaded.ok() ? loaded.config.server.addr.to_string() : error_of(loaded);
    };
    const std::vector<ConfigFlag> port{{"--port", "server.port", "0"}};
    EXPECT_EQ(addr("[server]\nhost='::1'\nport=81"), "[::1]:81");
    EXPECT_EQ(addr("[server]\nport=81"), "127.0.0.1:81");
    EXPECT_EQ(addr("", {{"HOST", "0.0.0.0"}, {"PORT", "82"}}), "0.0.0.0:82");
    EXPECT_EQ(addr("[server]\nhost='::1'\nport=81", {{"ZDB_ADDR", "10.0.0.1:83"}}), "10.0.0.1:83");
    EXPECT_EQ(addr("", {{"ZDB_ADDR", "10.0.0.1:83"}}, port), "10.0.0.1:0");
    EXPECT_EQ(addr("[server]\naddr='10.0.0.1:83'", {{"PORT", "84"}}), "10.0.0.1:84");
    EXPECT_EQ(addr("[server]\naddr='10.0.0.1:83'\nhost='10.0.0.1'\nport=83"), "10.0.0.1:83");
    EXPECT_EQ(
        addr("[server]\naddr='10.0.0.1:83'\nport=84"),
        "zserver.toml:3: server.port conflicts with server.addr (zserver.toml:2); keep one of "
        "them");
    // HOST and PORT belong to everybody: ours wins in silence.
    EXPECT_EQ(addr("", {{"ZDB_ADDR", "10.0.0.1:83"}, {"HOST", "0.0.0.0"}, {"PORT", "1"}}),
              "10.0.0.1:83");
    EXPECT_EQ(addr("[server]\nhost='localhost'"), "127.0.0.1:8080");
}

TEST(LoadConfig, RustLogIsAnAliasOfTheLogLevel) {
    const auto level = [](Variables variables) {
        return load("", std::move(variables)).config.monitoring.log_level;
    };
    EXPECT_EQ(level({{"RUST_LOG", "debug"}}), log::Level::Debug);
    EXPECT_EQ(level({{"RUST_LOG", "warn,tower=trace"}}), log::Level::Warn);
    EXPECT_EQ(level({{"RUST_LOG", "warn,zserver=trace"}}), log::Level::Trace);
    EXPECT_EQ(level({{"RUST_LOG", "debug"}, {"ZOBS_LOG_LEVEL", "error"}}), log::Level::Error);
    const auto other = load("", {{"RUST_LOG", "tower=debug"}});
    EXPECT_TRUE(other.ok());
    EXPECT_EQ(other.config.monitoring.log_level, log::Level::Info);
    EXPECT_EQ(other.warnings.size(), 1U);
}

TEST(LoadConfig, SecretsAreNeverShown) {
    const auto loaded = load(
        "[auth]\njwt_secret = '" + kSecretA + "'\n",
        {{"DATABASE_URL", "postgres://u:pass@h/d?password=x"}, {"ZOBS_METRICS_TOKEN", "short"}});
    EXPECT_EQ(loaded.config.auth.jwt_secret->reveal(), kSecretA);
    EXPECT_EQ(setting(loaded, "auth.jwt_secret").shown, "***");
    EXPECT_EQ(setting(loaded, "storage.postgres_url").shown, "postgres://u:***@h/d?***");
    EXPECT_EQ(error_of(loaded),
              "ZOBS_METRICS_TOKEN: monitoring.metrics_token must be at least 8 bytes; got 5 bytes");
    const auto printed = settings_as_toml(loaded);
    EXPECT_THAT(printed, Not(HasSubstr("pass@")));
    EXPECT_THAT(printed, Not(HasSubstr(kSecretA)));
}

TEST(LoadConfig, SigningSecretsAreLongAndDiffer) {
    EXPECT_EQ(error_of(load("", {{"ZJWT_SECRET", "short"}})),
              "ZJWT_SECRET: auth.jwt_secret must be at least 32 bytes; got 5 bytes");
    EXPECT_EQ(error_of(load("", {{"ZJWT_SECRET", kSecretA}, {"ZJWT_REFRESH_SECRET", kSecretA}})),
              "ZJWT_REFRESH_SECRET: auth.jwt_refresh_secret must differ from auth.jwt_secret");
    EXPECT_TRUE(load("", {{"ZJWT_SECRET", kSecretA}, {"ZJWT_REFRESH_SECRET", kSecretB}}).ok());
}

TEST(LoadConfig, DevModeIsForLoopbackAndNotForProduction) {
    EXPECT_TRUE(load("", {}, {}, true).ok());
    EXPECT_THAT(load("", {}, {}, true).config.server.cors_origins,
                ElementsAre("http://localhost:3000"));
    EXPECT_EQ(error_of(load("[server]\nhost='0.0.0.0'", {}, {}, true)),
              "--dev: server.addr must be a loopback address with --dev; got 0.0.0.0:8080");
    EXPECT_THAT(error_of(load("", {{"ZOBS_ENVIRONMENT", "production"}}, {}, true)),
                HasSubstr("production (ZOBS_ENVIRONMENT)"));
    EXPECT_TRUE(load("", {{"ZCORS_ORIGINS", "*"}}, {}, true).config.server.cors_any_origin);
    EXPECT_THAT(error_of(load("", {{"ZCORS_ORIGINS", "*"}})), HasSubstr("only with --dev"));
    EXPECT_THAT(texts(load("", {{"ZAUTH_DEV_ORG_ID", "acme"}}).warnings),
                ElementsAre("ZAUTH_DEV_ORG_ID: ZAUTH_DEV_ORG_ID has no effect without --dev"));
}

TEST(LoadConfig, RulesThatJoinKeys) {
    EXPECT_EQ(error_of(load("[storage]\nbackend = 'postgres'\n")),
              "zserver.toml:2: storage.backend needs storage.postgres_url (or DATABASE_URL) for "
              "postgres");
    EXPECT_EQ(error_of(load("[sql]\ntx_timeout_secs = 4000\n")),
              "zserver.toml:2: sql.tx_timeout_secs must not be more than sql.tx_max_timeout_secs");
    EXPECT_THAT(error_of(load("[server.tls]\ncert = 'a'\n")), HasSubstr("does not end TLS"));
    EXPECT_EQ(load("[rate_limit]\nenabled = false\nper_ip = 5\n").config.rate_limit.per_ip, 0U);
}

TEST(LoadConfig, TheMainListenerServesTheProbesWhenAddressesAreEqual) {
    EXPECT_FALSE(load("[monitoring]\nhealth_addr='127.0.0.1:8080'").config.monitoring.health_addr);
    EXPECT_FALSE(load("[monitoring]\nhealth_addr='127.0.0.1:1'\nhealth_enabled=false")
                     .config.monitoring.health_addr);
    const auto other =
        load("[monitoring]\nhealth_addr='127.0.0.1:9191'\nmetrics_addr='127.0.0.1:0'");
    EXPECT_EQ(other.config.monitoring.health_addr->port, 9191);
    EXPECT_EQ(other.config.monitoring.metrics_addr.port, 0);
    EXPECT_FALSE(other.config.monitoring.metrics_addr_is_default);
}

TEST(LoadConfig, AMissingFileIsAnErrorWithItsOrigin) {
    ConfigInput input;
    input.environment["ZSERVER_CONFIG"] = "/nonexistent/z.toml";
    EXPECT_EQ(error_of(load_config(input)), "ZSERVER_CONFIG: cannot read '/nonexistent/z.toml'");
    input.file = "/nonexistent/other.toml";
    EXPECT_EQ(error_of(load_config(input)), "--config: cannot read '/nonexistent/other.toml'");
}

TEST(LoadConfig, ReadsTheFileThatTheFlagNames) {
    const auto path = std::filesystem::path(testing::TempDir()) / "zs_load_config.toml";
    std::ofstream(path) << "[sql]\nmax_rows = 0\n";
    ConfigInput input;
    input.file = path;
    EXPECT_THAT(error_of(load_config(input)), HasSubstr("zs_load_config.toml:2: sql.max_rows"));
    std::filesystem::remove(path);
}

TEST(LoadConfig, WorkersMayBeSwitchedOff) {
    EXPECT_EQ(load("[server]\nworkers = false\n").config.worker.slots, 0U);
    EXPECT_EQ(load("", {{"ZWORKER_CONCURRENCY", "false"}}).config.worker.slots, 0U);
    EXPECT_EQ(load("[server]\nworkers = true\n").errors.size(), 1U);
    EXPECT_EQ(load("", {{"ZBRAIN_POLL_INTERVAL", "2"}}).config.jobs.poll,
              std::chrono::milliseconds(2000));
    EXPECT_EQ(load("[queue]\nbackend = 'postgres'\n").errors.size(), 1U);
}

TEST(LoadConfig, VectorsHaveASizeAMemoryAndATime) {
    const auto usual = load("").config.vectors;
    EXPECT_EQ(usual.dimensions_max, 8192U);
    EXPECT_EQ(usual.memory_bytes_max, 0U) << "half of the machine's";
    EXPECT_EQ(usual.idle_max, std::chrono::hours(1));
    const auto given =
        load("[vectors]\nmemory = '1GiB'\nidle_secs = '10m'\n", {{"ZVEC_MAX_DIM", "16"}});
    EXPECT_THAT(texts(given.errors), IsEmpty());
    EXPECT_EQ(given.config.vectors.dimensions_max, 16U);
    EXPECT_EQ(given.config.vectors.memory_bytes_max, std::size_t{1} << 30);
    EXPECT_EQ(given.config.vectors.idle_max, std::chrono::minutes(10));
    EXPECT_EQ(load("[limits]\nvec_max_dim = 99\n").config.vectors.dimensions_max, 99U);
    EXPECT_EQ(error_of(load("[vectors]\nmax_dimensions = 32769\n")),
              "zserver.toml:2: vectors.max_dimensions must be between 1 and 32768; got 32769");
    EXPECT_EQ(error_of(load("", {{"ZVEC_MEMORY", "1MiB"}})),
              "ZVEC_MEMORY: vectors.memory must be 0, or at least 16MiB; got '1MiB'");
    EXPECT_EQ(load("[vectors]\nidle_secs = 0\n").errors.size(), 1U);
}

}  // namespace
}  // namespace zs::server
