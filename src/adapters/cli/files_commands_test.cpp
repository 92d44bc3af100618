#include "adapters/cli/files_commands.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "support/fake_http_server.hpp"
#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace zs::cli {
namespace {

using ::testing::HasSubstr;
using zs::testing::FakeHttpServer;
using zs::testing::FakeReply;
using zs::testing::FakeRequest;

class FilesCommandsTest : public ::testing::Test {
protected:
    using Run = int (*)(const FilesOptions&, Console&, const Clock&);

    int run(Run command, const FilesOptions& options) {
        Console console{.in = in_, .out = out_, .err = err_};
        console.environment["HOME"] = folder_.path().string();
        return command(options, console, clock_);
    }
    FilesOptions options(const FakeHttpServer& server, std::vector<std::string> names) {
        FilesOptions made;
        made.target.url = server.url();
        made.target.token = "secret";
        made.names = std::move(names);
        return made;
    }
    std::string write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_.file(name), std::ios::binary) << bytes;
        return folder_.file(name);
    }
    std::string read(const std::string& name) {
        std::ifstream file(folder_.file(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    zs::testing::TempDir folder_;
    ManualClock clock_;
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    const std::string sha_ = to_hex(sha256("hello files"));
};

TEST_F(FilesCommandsTest, PutSendsTheBytesAndTheirDigest) {
    const FakeHttpServer server([&](const FakeRequest&) {
        return FakeReply{
            201, "application/json",
            R"({"sha256":")" + sha_ + R"(","size":11,"content_type":"a/b","created_at":"x"})"};
    });
    auto given = options(server, {write("a.txt", "hello files")});
    given.content_type = "text/plain";
    ASSERT_EQ(run(run_files_put, given), kExitSuccess) << err_.str();
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/files");
    EXPECT_EQ(request.body, "hello files");
    EXPECT_THAT(request.head, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(request.head,
                HasSubstr("Content-Digest: sha-256=:" + to_base64(sha256("hello files")) + ":"));
    EXPECT_THAT(out_.str(), HasSubstr(sha_));
    EXPECT_EQ(run(run_files_put, options(server, {folder_.file("missing")})), kExitFailure);
}

TEST_F(FilesCommandsTest, GetResumesAndChecks) {
    const FakeHttpServer server([&](const FakeRequest& request) {
        const bool rest = request.head.find("Range: bytes=6-") != std::string::npos;
        return FakeReply{rest ? 206 : 200, "text/plain", rest ? "files" : "hello files"};
    });
    auto given = options(server, {sha_});
    given.output = folder_.file("got");
    ASSERT_EQ(run(run_files_get, given), kExitSuccess) << err_.str();
    EXPECT_EQ(read("got"), "hello files");
    std::filesystem::remove(folder_.file("got"));
    write("got.part", "hello ");
    ASSERT_EQ(run(run_files_get, given), kExitSuccess) << err_.str();
    EXPECT_EQ(read("got"), "hello files");
    EXPECT_THAT(server.requests().at(1).head, HasSubstr("If-Range: \"" + sha_ + "\""));
    EXPECT_FALSE(std::filesystem::exists(folder_.file("got.part")));
}

TEST_F(FilesCommandsTest, GetKeepsNothingThatHashesOtherwise) {
    const FakeHttpServer server([](const FakeRequest&) {
        return FakeReply{200, "text/plain", "other bytes"};
    });
    auto given = options(server, {sha_});
    given.output = folder_.file("got");
    EXPECT_EQ(run(run_files_get, given), kExitFailure);
    EXPECT_FALSE(std::filesystem::exists(folder_.file("got")));
    EXPECT_FALSE(std::filesystem::exists(folder_.file("got.part")));
    EXPECT_EQ(run(run_files_get, options(server, {"../etc"})), kExitUsage);
}

TEST_F(FilesCommandsTest, VerifyWaitsAndFailsOnDamage) {
    int asked = 0;
    const FakeHttpServer server([&](const FakeRequest&) {
        const std::string state = ++asked < 3 ? "running" : "done";
        return FakeReply{asked == 1 ? 202 : 200, "application/json",
                         R"({"verify":{"state":")" + state
                             + R"(","blobs":2,"bytes":9,"removed":0,"damaged":1,"missing":0,)"
                               R"("damaged_blobs":["abc"]}})"};
    });
    EXPECT_EQ(run(run_files_verify, options(server, {})), kExitFailure);
    EXPECT_THAT(out_.str(), HasSubstr("damaged or missing: abc"));
    EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace zs::cli
