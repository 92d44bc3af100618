#include "adapters/http/routes/file_routes.hpp"

#include "base/encoding.hpp"
#include "core/files/files_fixture.hpp"
#include "support/call_route.hpp"

namespace zs::http {
namespace {

using testing::body_of;
using testing::call_route;
using testing::digest_of;
using testing::FakeRequest;
using testing::header_of;
using testing::json_of;
using testing::some_bytes;
using testing::some_principal;

class FileRoutesTest : public files::FilesFixture {
protected:
    void SetUp() override { routes_.register_routes(router_); }

    static FakeRequest request(Method method, const std::string& path,
                               const std::string& env = "live") {
        auto principal = std::make_shared<identity::Principal>(*some_principal());
        principal->tenant.env_slug = env;
        FakeRequest made(method, path);
        made.with_principal(principal);
        return made;
    }
    Result<Response> post(const std::string& bytes, const std::string& type = "text/plain",
                          const std::string& env = "live") {
        auto sent = request(Method::Post, "/v1/files", env);
        sent.with_header("content-type", type).with_body({bytes});
        return call_route(router_, sent);
    }
    static std::string path_of(const std::string& bytes) {
        return "/v1/files/" + digest_of(bytes).to_string();
    }
    Result<Response> get(const std::string& bytes, const std::string& name = "x-none",
                         const std::string& value = "", Method method = Method::Get) {
        auto sent = request(method, path_of(bytes));
        sent.with_header(name, value);
        return call_route(router_, sent);
    }

    FileRoutes routes_{files_, upkeep_, FileRoutes::Options()};
    Router router_;
};

TEST_F(FileRoutesTest, UploadsAndServes) {
    const auto bytes = some_bytes(300'000);
    const auto made = post(bytes);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->status, 201u);
    EXPECT_EQ(header_of(*made, "Location"), path_of(bytes));
    const auto record = json_of(made);
    EXPECT_EQ(record.at("size").to_number<int>(), 300'000);
    EXPECT_EQ(record.as_object().size(), 4u);
    EXPECT_EQ(post(bytes)->status, 200u);

    auto served = get(bytes);
    ASSERT_TRUE(served);
    EXPECT_EQ(served->status, 200u);
    EXPECT_EQ(served->source_length, bytes.size());
    EXPECT_TRUE(*body_of(*served) == bytes);
    EXPECT_EQ(served->content_type, "text/plain");
    EXPECT_EQ(header_of(*served, "ETag"), "\"" + digest_of(bytes).to_string() + "\"");
    EXPECT_EQ(header_of(*served, "Content-Security-Policy"), "sandbox");
    EXPECT_EQ(header_of(*served, "Content-Disposition"), "attachment");
    EXPECT_EQ(served->cache_control, "private, max-age=31536000, immutable");
    EXPECT_FALSE(served->compressible);
    const auto head = get(bytes, "range", "bytes=0-9", Method::Head);
    EXPECT_EQ(head->status, 200u) << "ranges are for GET";
    EXPECT_EQ(head->source_length, bytes.size());
    EXPECT_FALSE(head->source);
}

TEST_F(FileRoutesTest, RangesAndConditions) {
    const auto bytes = some_bytes(1000);
    ASSERT_TRUE(post(bytes));
    const auto etag = "\"" + digest_of(bytes).to_string() + "\"";
    auto part = get(bytes, "range", "bytes=100-199");
    EXPECT_EQ(part->status, 206u);
    EXPECT_EQ(header_of(*part, "Content-Range"), "bytes 100-199/1000");
    EXPECT_TRUE(*body_of(*part) == bytes.substr(100, 100));
    const auto beyond = get(bytes, "range", "bytes=1000-");
    EXPECT_EQ(beyond->status, 416u);
    EXPECT_EQ(header_of(*beyond, "Content-Range"), "bytes */1000");
    EXPECT_EQ(get(bytes, "range", "bytes=0-1,5-6")->status, 200u);
    const auto known = get(bytes, "if-none-match", "\"x\", " + etag);
    EXPECT_EQ(known->status, 304u);
    EXPECT_EQ(header_of(*known, "ETag"), etag);
    EXPECT_EQ(known->content_type, "");
    for (const auto& [condition, status] :
         {std::pair(etag, 206U), std::pair("W/" + etag, 200U),
          std::pair(std::string("\"x\""), 200U),
          std::pair(std::string("Sat, 21 Nov 2026 00:00:00 GMT"), 200U)}) {
        auto sent = request(Method::Get, path_of(bytes));
        sent.with_header("range", "bytes=0-9").with_header("if-range", condition);
        EXPECT_EQ(call_route(router_, sent)->status, status) << condition;
    }
    ASSERT_TRUE(post(""));
    const auto empty = get("");
    EXPECT_EQ(empty->status, 200u);
    EXPECT_EQ(empty->source_length, 0u);
}

TEST_F(FileRoutesTest, ForeignAndMissingAreAlike) {
    ASSERT_TRUE(post("mine", "text/plain", "sandbox"));
    const auto foreign = get("mine");
    const auto missing = get("nobody's");
    ASSERT_FALSE(foreign);
    ASSERT_FALSE(missing);
    EXPECT_EQ(http_status(foreign.error()), 404u);
    EXPECT_EQ(foreign.error().message, missing.error().message);
    auto erase = request(Method::Delete, path_of("mine"));
    EXPECT_EQ(http_status(call_route(router_, erase).error()), 404u);
    auto listed = request(Method::Get, "/v1/files");
    EXPECT_EQ(json_of(call_route(router_, listed)).as_array().size(), 0u);
}

TEST_F(FileRoutesTest, WhatIsWrongIsSaid) {
    for (const char* sha : {"..", "abc", "%2e%2e", "etc"}) {
        auto sent = request(Method::Get, "/v1/files/" + std::string(sha));
        const auto answer = call_route(router_, sent);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().reason, "invalid_sha_format");
    }
    EXPECT_EQ(http_status(post("x", "multipart/mixed; boundary=a").error()), 415u);
    EXPECT_EQ(http_status(post("x", "multipart/form-data").error()), 400u);
    EXPECT_EQ(http_status(post("x", "nonsense").error()), 400u);
    EXPECT_EQ(post(std::string(1'000'001, 'x')).error().reason, "file_too_large");
    auto sent = request(Method::Post, "/v1/files");
    sent.with_header("content-digest", "sha-256=:" + to_base64(digest_of("other").raw()) + ":");
    sent.with_body({"this"});
    EXPECT_EQ(call_route(router_, sent).error().reason, "digest_mismatch");
    auto named = request(Method::Get, path_of("x"));
    named.with_query("filename=..%2Fpasswd");
    EXPECT_EQ(http_status(call_route(router_, named).error()), 400u);
}

TEST_F(FileRoutesTest, OneFileOfAForm) {
    const std::string type = "multipart/form-data; boundary=XX";
    const std::string head =
        "--XX\r\nContent-Disposition: form-data; name=f; filename=\"../a\"\r\n"
        "Content-Type: image/png\r\n";
    const auto made = post(head + "\r\nabc\r\n--XX--\r\n", type);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(json_of(made).at("content_type").as_string(), "image/png");
    EXPECT_EQ(json_of(made).at("sha256").as_string().c_str(), digest_of("abc").to_string());
    const auto wrong = "Content-Digest: sha-256=:" + to_base64(digest_of("x").raw()) + ":\r\n";
    EXPECT_EQ(post(head + wrong + "\r\nabc\r\n--XX--", type).error().reason, "digest_mismatch");
    EXPECT_EQ(post(head + "\r\nabd\r\n--XX-", type).error().reason, "invalid_multipart");
    EXPECT_FALSE(is_stored("abd"));
}

TEST_F(FileRoutesTest, OnlyOperatorsMaintain) {
    auto sent = request(Method::Post, "/v1/files/maintenance");
    sent.with_json(R"({"job":"verify"})");
    const auto started = call_route(router_, sent);
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_EQ(started->status, 202u);
    EXPECT_EQ(json_of(started).at("verify").at("state").as_string(), "waiting");
    for (const bool right_org : {true, false}) {
        auto other = std::make_shared<identity::Principal>(*some_principal());
        if (right_org) {
            other->roles = {"operator"};
        } else {
            other->tenant.org_id = "acme";
        }
        FakeRequest shown(Method::Get, "/v1/files/maintenance");
        shown.with_principal(other);
        EXPECT_EQ(http_status(call_route(router_, shown).error()), 403u);
    }
}

}  // namespace
}  // namespace zs::http
