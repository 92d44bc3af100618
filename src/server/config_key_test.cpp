#include "server/config_key.hpp"

#include "server/suggest.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::server {
namespace {

const ConfigKey& key(std::string_view name) {
    const auto* found = find_key(name);
    EXPECT_NE(found, nullptr) << name;
    return *found;
}

std::int64_t number(std::string_view name, std::string_view text) {
    auto value = parse_value(key(name), text);
    EXPECT_TRUE(value) << name << "=" << text;
    return value ? std::get<std::int64_t>(*value) : -1;
}

std::string refusal(std::string_view name, std::string_view text) {
    auto value = parse_value(key(name), text);
    return value ? "accepted" : value.error().message;
}

TEST(ConfigKeys, NamesAliasesAndVariablesAreUnique) {
    std::set<std::string_view> seen;
    for (const auto& each : all_keys()) {
        if (!each.name.empty()) {
            EXPECT_TRUE(seen.insert(each.name).second) << each.name;
        }
        for (const auto alias : each.aliases)
            EXPECT_TRUE(seen.insert(alias).second) << alias;
        for (const auto name : each.env)
            EXPECT_TRUE(seen.insert(name).second) << name;
    }
}

TEST(ConfigKeys, EveryKeyHasHelpAndNoneIsForALaterPart) {
    for (const auto& each : all_keys()) {
        EXPECT_FALSE(each.help.empty()) << each.shown_name();
        EXPECT_EQ(later_part(each.name), "") << each.name;
    }
}

TEST(ConfigKeys, EveryDocumentedDefaultIsValid) {
    for (const auto& each : all_keys()) {
        if (each.fallback.starts_with('(')) continue;
        auto value = parse_value(each, each.fallback);
        ASSERT_TRUE(value) << each.name << ": " << value.error().message;
    }
}

TEST(ConfigKeys, DocumentedDefaultsAreTheDefaultsOfTheStruct) {
    Config applied;
    applied.sql.rows_max = applied.limits.body_bytes_max = 1;
    applied.auth.access_ttl = std::chrono::seconds(1);
    applied.limits.idle_timeout = std::chrono::seconds(1);
    applied.rate_limit.per_user = 1;
    applied.server.data = "x";
    for (const auto& each : all_keys()) {
        if (each.fallback.starts_with('(')) continue;
        each.apply(applied, parse_value(each, each.fallback).value());
    }
    const Config plain;
    EXPECT_EQ(applied.sql.rows_max, plain.sql.rows_max);
    EXPECT_EQ(applied.limits.body_bytes_max, plain.limits.body_bytes_max);
    EXPECT_EQ(applied.auth.access_ttl, plain.auth.access_ttl);
    EXPECT_EQ(applied.auth.refresh_ttl, plain.auth.refresh_ttl);
    EXPECT_EQ(applied.limits.idle_timeout, plain.limits.idle_timeout);
    EXPECT_EQ(applied.limits.header_timeout, plain.limits.header_timeout);
    EXPECT_EQ(applied.rate_limit.per_user, plain.rate_limit.per_user);
    EXPECT_EQ(applied.server.data, plain.server.data);
    EXPECT_EQ(applied.server.addr, plain.server.addr);
    EXPECT_EQ(applied.sql.statement_memory_max, plain.sql.statement_memory_max);
    EXPECT_EQ(applied.sql.tx_write_idle, plain.sql.tx_write_idle);
    EXPECT_EQ(applied.monitoring.metrics_addr, plain.monitoring.metrics_addr);
}

TEST(ConfigKeys, DurationsTakeUnits) {
    EXPECT_EQ(number("server.shutdown_grace_secs", "45"), 45);
    EXPECT_EQ(number("server.shutdown_grace_secs", "45s"), 45);
    EXPECT_EQ(number("server.shutdown_grace_secs", "5 m"), 300);
    EXPECT_EQ(number("auth.refresh_token_expiration_secs", "7d"), 604'800);
    EXPECT_EQ(number("server.shutdown_grace_secs", "2000ms"), 2);
    EXPECT_EQ(number("sql.tx_lock_wait_ms", "5s"), 5000);
    EXPECT_EQ(number("sql.tx_lock_wait_ms", "250"), 250);
    const std::string wanted = "between 0 and 3600 seconds";
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "1500ms"), wanted);
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "10MiB"), wanted);
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "1e3"), wanted);
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "9223372036854775807h"), wanted);
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "-1"), wanted);
    EXPECT_EQ(refusal("server.shutdown_grace_secs", "soon"), wanted);
}

TEST(ConfigKeys, SizesTakeUnits) {
    EXPECT_EQ(number("limits.body", "2048"), 2048);
    EXPECT_EQ(number("limits.body", "64KiB"), 65'536);
    EXPECT_EQ(number("limits.body", "10MiB"), 10'485'760);
    EXPECT_EQ(number("limits.body", "1 GB"), 1'000'000'000);
    EXPECT_EQ(refusal("limits.body", "5m"), "between 1024 and 1099511627776 bytes");
    EXPECT_EQ(refusal("limits.body", "9999999999GiB"), "between 1024 and 1099511627776 bytes");
    EXPECT_EQ(refusal("sql.max_rows", "10KiB"), "between 1 and 100000");
}

TEST(ConfigKeys, BooleansAndChoices) {
    for (const std::string_view text : {"true", "1", "Yes", "ON"}) {
        EXPECT_TRUE(std::get<bool>(parse_value(key("storage.auto_migrate"), text).value())) << text;
    }
    for (const std::string_view text : {"false", "0", "no", "Off"}) {
        EXPECT_FALSE(std::get<bool>(parse_value(key("storage.auto_migrate"), text).value()))
            << text;
    }
    EXPECT_EQ(refusal("storage.auto_migrate", "maybe"), "true or false");
    EXPECT_EQ(refusal("server.hsts", "sometimes"), "auto, always or off");
    EXPECT_EQ(std::get<std::string>(parse_value(key("server.hsts"), " Always ").value()), "always");
}

TEST(ConfigKeys, AddressesAreChecked) {
    const auto endpoint = [](std::string_view text) {
        return std::get<Endpoint>(parse_value(key("server.addr"), text).value());
    };
    EXPECT_EQ(endpoint("0.0.0.0:80"), (Endpoint{"0.0.0.0", 80}));
    EXPECT_EQ(endpoint("[::1]:0"), (Endpoint{"::1", 0}));
    EXPECT_EQ(endpoint("[::1]:0").to_string(), "[::1]:0");
    for (const std::string_view bad :
         {"8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "::1:80", "[::1]",
          "example.org:80", "127.0.0.1:80x", "127.0.0.1:-1"}) {
        EXPECT_NE(refusal("server.addr", bad), "accepted") << bad;
    }
    EXPECT_EQ(refusal("server.trusted_proxies", "10.0.0.0/8, 2001:db8::/32,127.0.0.1"), "accepted");
    EXPECT_NE(refusal("server.trusted_proxies", "10.0.0.0/40"), "accepted");
    EXPECT_EQ(refusal("server.cors.allowed_origins", "https://a.example:8443,*"), "accepted");
    EXPECT_NE(refusal("server.cors.allowed_origins", "https://a.example/"), "accepted");
    EXPECT_NE(refusal("server.cors.allowed_origins", "a.example"), "accepted");
}

TEST(Endpoint, KnowsLoopback) {
    for (const auto* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE((Endpoint{host, 1}.is_loopback())) << host;
    }
    for (const auto* host : {"0.0.0.0", "::", "10.0.0.1", "nonsense"}) {
        EXPECT_FALSE((Endpoint{host, 1}.is_loopback())) << host;
    }
}

TEST(Suggest, MeasuresTypingMistakes) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("port", "port"), 0U);
    EXPECT_EQ(edit_distance("prot", "port"), 1U);  // a swap is one mistake
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggest, FindsTheNearestOrNothing) {
    const std::vector<std::string_view> names{"sql.timeout_secs", "sql.max_rows", "server.port"};
    EXPECT_EQ(nearest("sql.timeot_sec", names), "sql.timeout_secs");
    EXPECT_EQ(nearest("sever.port", names), "server.port");
    EXPECT_EQ(nearest("something.else", names), "");
    EXPECT_EQ(nearest(std::string(100'000, 's'), names), "");
}

}  // namespace
}  // namespace zs::server
