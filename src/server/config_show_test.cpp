#include "server/config_load.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace zs::server {
namespace {

using ::testing::HasSubstr;

TEST(ConfigShow, PrintsTomlThatLoadsToTheSameValues) {
    ConfigInput input;
    input.environment = {{"ZSQL_MAX_ROWS", "77"},
                         {"ZTRUSTED_PROXIES", "10.0.0.0/8,::1"},
                         {"ZOBS_SERVICE_NAME", "quo\"te"}};
    const auto first = load_config(input);
    const auto printed = settings_as_toml(first);
    EXPECT_THAT(printed, HasSubstr("max_rows = 77"));
    EXPECT_THAT(printed, HasSubstr("# ZSQL_MAX_ROWS\n"));
    const auto again = load_config_text({}, "printed.toml", printed);
    ASSERT_TRUE(again.ok()) << again.errors.front().to_string() << "\n" << printed;
    EXPECT_EQ(again.config.sql.rows_max, 77U);
    EXPECT_EQ(again.config.server.trusted_proxies, first.config.server.trusted_proxies);
    EXPECT_EQ(again.config.monitoring.service_name, "quo\"te");
}

TEST(ConfigShow, JsonHasOneRowPerKey) {
    const auto rows = settings_as_json(load_config({}));
    EXPECT_EQ(rows.size(), all_keys().size());
    EXPECT_EQ(rows[0].at("key").as_string(), "server.addr");
    EXPECT_EQ(rows[0].at("source").as_string(), "default");
}

TEST(ConfigShow, PasswordsOfUrlsAreMasked) {
    EXPECT_EQ(without_password("postgres://u:p@h:5432/d"), "postgres://u:***@h:5432/d");
    EXPECT_EQ(without_password("postgres://u:p@ss@h/d"), "postgres://u:***@h/d");
    EXPECT_EQ(without_password("postgres://h/d"), "postgres://h/d");
    EXPECT_EQ(without_password("postgres:///d?host=/run&password=p"), "postgres:///d?***");
    EXPECT_EQ(without_password("postgres://h?password=p"), "postgres://h?***");
    EXPECT_EQ(without_password("host=h password=p"), "***");
}

// docs/configuration.md holds what `zserver config docs` prints, between two marks.
TEST(ConfigDocs, TheTableInTheDocumentationIsTheGeneratedOne) {
    const std::string path = std::string(ZS_SOURCE_DIR) + "/docs/configuration.md";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    std::stringstream text;
    text << file.rdbuf();
    const std::string begin = "<!-- keys: printed by `zserver config docs` -->\n";
    const std::string end = "<!-- end of keys -->";
    const auto doc = text.str();
    const auto from = doc.find(begin);
    const auto to = doc.find(end);
    ASSERT_NE(from, std::string::npos);
    ASSERT_NE(to, std::string::npos);
    EXPECT_EQ(doc.substr(from + begin.size(), to - from - begin.size()), keys_as_markdown())
        << "run `zserver config docs` and put its output between the marks";
}

}  // namespace
}  // namespace zs::server
