#include "adapters/cli/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

namespace zs::cli {
namespace {

namespace fs = std::filesystem;

class ProfileFileTest : public ::testing::Test {
protected:
    ProfileFileTest() {
        std::string pattern = ::testing::TempDir() + "zs_profile_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~ProfileFileTest() override { fs::remove_all(folder_); }

    fs::path path() const { return folder_ / "deep" / "profiles.toml"; }
    static Profile ada() {
        return Profile{.url = "https://db.example",
                       .email = "ada@example.org",
                       .environment = "live",
                       .access_token = Secret("acc\"ess"),
                       .access_expires_at = from_unix_millis(1'760'000'000'000),
                       .refresh_token = Secret("refresh"),
                       .refresh_expires_at = from_unix_millis(1'760'600'000'123)};
    }
    fs::path folder_;
};

TEST_F(ProfileFileTest, KeepsWhatItWasGiven) {
    ProfileFile file(path());
    EXPECT_FALSE(file.find("work").value());
    ASSERT_TRUE(file.put("work", ada()));
    const auto found = ProfileFile(path()).find("work").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->url, "https://db.example");
    EXPECT_EQ(found->access_token.reveal(), "acc\"ess");
    EXPECT_EQ(found->refresh_token.reveal(), "refresh");
    EXPECT_EQ(found->refresh_expires_at, ada().refresh_expires_at);
}

TEST_F(ProfileFileTest, IsPrivateFromTheStart) {
    ProfileFile file(path());
    ASSERT_TRUE(file.put("work", ada()));
    struct stat info {};
    ASSERT_EQ(::stat(path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    ASSERT_EQ(::stat(path().parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(ProfileFileTest, RefusesAFileThatOthersMayRead) {
    ProfileFile file(path());
    ASSERT_TRUE(file.put("work", ada()));
    fs::permissions(path(), fs::perms::group_read, fs::perm_options::add);
    const auto found = file.find("work");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::Forbidden);
    EXPECT_THAT(found.error().message, ::testing::HasSubstr("chmod 600"));
}

TEST_F(ProfileFileTest, OneProfileDoesNotTouchAnother) {
    ProfileFile file(path());
    auto other = ada();
    other.email = "bob@example.org";
    ASSERT_TRUE(file.put("work", ada()));
    ASSERT_TRUE(file.put("home", other));
    ASSERT_TRUE(file.remove("work"));
    ASSERT_TRUE(file.remove("work"));
    EXPECT_FALSE(file.find("work").value());
    EXPECT_EQ(file.find("home").value()->email, "bob@example.org");
}

TEST_F(ProfileFileTest, ABrokenFileIsSaidSoAndNotOverwritten) {
    fs::create_directories(path().parent_path());
    std::ofstream(path()) << "[work]\nurl = = 1\n";
    fs::permissions(path(), fs::perms::owner_read | fs::perms::owner_write);
    ProfileFile file(path());
    EXPECT_EQ(file.find("work").error().code, ErrorCode::DataLoss);
    EXPECT_FALSE(file.put("work", ada()));
    std::string first;
    std::getline(std::ifstream(path()), first);
    EXPECT_EQ(first, "[work]");
}

TEST(ProfilePath, FollowsXdg) {
    EXPECT_EQ(ProfileFile::default_path({{"HOME", "/h"}}), "/h/.config/zserver/profiles.toml");
    EXPECT_EQ(ProfileFile::default_path({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}),
              "/x/zserver/profiles.toml");
}

}  // namespace
}  // namespace zs::cli
