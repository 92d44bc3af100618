#include "adapters/cli/ingest_command.hpp"
#include "support/fake_http_server.hpp"
#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <zstd.h>

namespace zs::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using zs::testing::FakeHttpServer;
using zs::testing::FakeReply;
using zs::testing::FakeRequest;

constexpr const char* kReport = R"({"ingested":2,"ignored":0,"errors":0,"error_details":[]})";

class CollectionCommandsTest : public ::testing::Test {
protected:
    int ingest(const IngestOptions& options) {
        Console console{.in = in_, .out = out_, .err = err_};
        console.environment["HOME"] = folder_.path().string();
        return run_ingest(options, console, clock_);
    }
    int fetch(const ExportOptions& options) {
        Console console{.in = in_, .out = out_, .err = err_};
        console.environment["HOME"] = folder_.path().string();
        return run_export(options, console, clock_);
    }
    IngestOptions sending(const FakeHttpServer& server, const std::string& name) {
        IngestOptions made;
        made.target.url = server.url();
        made.target.token = "secret";
        made.collection = "c";
        made.files = {folder_.file(name)};
        return made;
    }
    void write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_.file(name), std::ios::binary) << bytes;
    }

    zs::testing::TempDir folder_;
    ManualClock clock_;
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
};

FakeReply no_stream() {
    return {404, "application/json", R"({"error":"no_such_stream","message":"unknown"})"};
}

TEST_F(CollectionCommandsTest, AFileIsPackedOnItsWay) {
    const std::string lines = "{\"a\":1}\n{\"a\":2}\n";
    write("a.ndjson", lines);
    const FakeHttpServer server([](const FakeRequest& request) {
        return request.method == "GET" ? no_stream() : FakeReply{200, "application/json", kReport};
    });
    auto options = sending(server, "a.ndjson");
    options.compress = BodyCoding::Zstd;
    options.dead_letter = "dead ones";
    EXPECT_EQ(ingest(options), 0) << err_.str();
    const auto sent = server.requests().back();
    EXPECT_THAT(sent.head, HasSubstr("Content-Encoding: zstd"));
    EXPECT_THAT(sent.target, HasSubstr("resume_from=0"));
    EXPECT_THAT(sent.target, HasSubstr("dead_letter=dead%20ones"));
    std::string out(1000, '\0');
    const auto got = ZSTD_decompress(out.data(), out.size(), sent.body.data(), sent.body.size());
    ASSERT_EQ(ZSTD_isError(got), 0U) << sent.body.size();
    EXPECT_EQ(out.substr(0, got), lines);
}

TEST_F(CollectionCommandsTest, APackedFileGoesOnInItsMiddle) {
    write("a.ndjson", "{\"a\":1}\n{\"a\":2}\n");
    const FakeHttpServer server([](const FakeRequest& request) {
        if (request.method != "GET") return FakeReply{200, "application/json", kReport};
        return FakeReply{200, "application/json", R"({"offset":8})"};
    });
    auto options = sending(server, "a.ndjson");
    options.compress = BodyCoding::Zstd;
    EXPECT_EQ(ingest(options), 0) << err_.str();
    const auto sent = server.requests().back();
    EXPECT_THAT(sent.target, HasSubstr("resume_from=8"));
    std::string out(1000, '\0');
    const auto got = ZSTD_decompress(out.data(), out.size(), sent.body.data(), sent.body.size());
    ASSERT_EQ(ZSTD_isError(got), 0U);
    EXPECT_EQ(out.substr(0, got), "{\"a\":2}\n");
}

TEST_F(CollectionCommandsTest, APackedFileIsSentAsItIs) {
    write("a.ndjson.zst", "whatever");
    const FakeHttpServer server([](const FakeRequest& request) {
        return request.method == "GET" ? no_stream() : FakeReply{200, "application/json", kReport};
    });
    auto options = sending(server, "a.ndjson.zst");
    options.compress = BodyCoding::Gzip;
    EXPECT_EQ(ingest(options), 0) << err_.str();
    const auto sent = server.requests().back();
    EXPECT_THAT(sent.head, HasSubstr("Content-Encoding: zstd"));
    EXPECT_THAT(sent.head, Not(HasSubstr("gzip\r\nContent")));
    EXPECT_EQ(sent.body, "whatever");
}

TEST_F(CollectionCommandsTest, AnExportSaysHowLongStill) {
    const std::string line = "{\"_id\":\"a\"}\n";
    const FakeHttpServer server([&](const FakeRequest& request) {
        if (request.target.find("/export") == std::string::npos) {
            return FakeReply{200, "application/json", R"({"name":"c","document_count":8})"};
        }
        return FakeReply{200, "application/x-ndjson", line + line};
    });
    ExportOptions options;
    options.target.url = server.url();
    options.target.token = "secret";
    options.collection = "c";
    options.output = folder_.file("out.ndjson");
    Console console{.in = in_, .out = out_, .err = err_};
    console.environment["HOME"] = folder_.path().string();
    console.out_is_terminal = true;
    EXPECT_EQ(run_export(options, console, clock_), 0) << err_.str();
    EXPECT_THAT(err_.str(), HasSubstr("c  [######..................]  25 %  24 B"));
    EXPECT_THAT(err_.str(), HasSubstr("ETA "));
    EXPECT_THAT(err_.str(), HasSubstr("100 %  24 B")) << "in the end it is known";
    // Without a terminal nobody is asked, and nothing is drawn.
    console.out_is_terminal = false;
    err_.str("");
    const auto before = server.requests().size();
    EXPECT_EQ(run_export(options, console, clock_), 0);
    EXPECT_EQ(err_.str(), "");
    EXPECT_EQ(server.requests().size(), before + 1);
}

TEST_F(CollectionCommandsTest, ACutTableGoesOn) {
    int calls = 0;
    const FakeHttpServer server([&](const FakeRequest&) {
        FakeReply reply{200, "text/csv", "_id,_ts,doc\r\na,t,1\r\n\"b b\",t,2\r\nc,"};
        reply.cut_off = ++calls == 1;
        if (calls == 2) reply.body = "_id,_ts,doc\r\nc,t,3\r\n";
        return reply;
    });
    ExportOptions options;
    options.target.url = server.url();
    options.target.token = "secret";
    options.collection = "c";
    options.format = "csv";
    EXPECT_EQ(fetch(options), 0) << err_.str();
    EXPECT_EQ(out_.str(), "_id,_ts,doc\r\na,t,1\r\n\"b b\",t,2\r\nc,t,3\r\n");
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_THAT(server.requests()[1].target, HasSubstr("after=b%20b"));
}

}  // namespace
}  // namespace zs::cli
