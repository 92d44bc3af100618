#include "adapters/crypto/token_secrets.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace zs::crypto {
namespace {

class TokenSecretsFile : public ::testing::Test {
protected:
    Result<identity::TokenSecrets> load(const ConfiguredSecrets& configured = {},
                                        DevTokens dev = DevTokens::Refused) {
        return load_token_secrets_blocking(std::filesystem::path(file_).parent_path(), configured,
                                           dev);
    }
    testing::TempDir folder_;
    std::string file_ = folder_.file("keys.json");
};

TEST_F(TokenSecretsFile, AreMadeOnceAndKept) {
    const auto first = load();
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_GE(first->access.reveal().size(), 32U);
    EXPECT_NE(first->access.reveal(), first->refresh.reveal());
    EXPECT_FALSE(first->dev);
    const auto permissions = std::filesystem::status(file_).permissions();
    EXPECT_EQ(permissions,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto second = load({}, DevTokens::Accepted);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->access.reveal(), first->access.reveal());
    ASSERT_TRUE(second->dev);
    EXPECT_EQ(load({}, DevTokens::Accepted)->dev->reveal(), second->dev->reveal());
}

TEST_F(TokenSecretsFile, ConfiguredOnesWin) {
    ConfiguredSecrets configured;
    configured.access = Secret(std::string(32, 'a'));
    configured.refresh = Secret(std::string(32, 'r'));
    const auto secrets = load(configured);
    ASSERT_TRUE(secrets);
    EXPECT_EQ(secrets->access.reveal(), std::string(32, 'a'));
    EXPECT_FALSE(std::filesystem::exists(file_)) << "nothing had to be made";
    configured.access = Secret("short");
    EXPECT_EQ(load(configured).error().code, ErrorCode::InvalidArgument);
}

TEST_F(TokenSecretsFile, AFileThatOthersMayReadIsRefused) {
    ASSERT_TRUE(load());
    std::filesystem::permissions(file_, std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    EXPECT_EQ(load().error().code, ErrorCode::Forbidden);
}

TEST_F(TokenSecretsFile, ADamagedFileIsNotReplaced) {
    for (const auto* text :
         {"{", "[]", R"({"jwt_secret":7})", R"({"jwt_secret":"c2hvcnQ="})", ""}) {
        std::ofstream(file_) << text;
        std::filesystem::permissions(
            file_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        EXPECT_EQ(load().error().code, ErrorCode::DataLoss) << text;
    }
}

}  // namespace
}  // namespace zs::crypto
