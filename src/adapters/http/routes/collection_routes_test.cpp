#include "adapters/http/routes/collection_routes.hpp"

#include "adapters/http/routes/document_routes.hpp"
#include "adapters/http/routes/ingest_routes.hpp"
#include "async/io_runtime.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"
#include "support/memory_collections.hpp"
#include "support/memory_identity.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::body_of;
using testing::call_route;
using testing::FakeRequest;
using testing::FakeSqlEngine;
using testing::header_of;
using testing::json_of;
using testing::some_principal;

// The routes of collections, documents and ingest on the doubles.
class CollectionRoutesTest : public ::testing::Test {
protected:
    void SetUp() override {
        io_.start();
        collection_routes_.register_routes(router_);
        document_routes_.register_routes(router_);
        ingest_routes_.register_routes(router_);
    }

    Result<Response> send(Method method, const std::string& path, const std::string& query = "",
                          const std::string& json = "") {
        FakeRequest request(method, path);
        request.with_principal(principal_).with_query(query);
        if (!json.empty()) request.with_json(json);
        return call_route(router_, request);
    }
    Result<Response> create(const std::string& name) {
        return send(Method::Post, "/v1/collections", "", R"({"name":")" + name + "\"}");
    }
    Result<Response> ingest(std::vector<std::string> pieces, const std::string& query = "",
                            const std::string& key = "", const std::string& accept = "") {
        FakeRequest request(Method::Post, "/v1/collections/c/ingest");
        request.with_principal(principal_).with_query(query);
        request.with_header("content-type", "application/x-ndjson; charset=utf-8");
        if (!key.empty()) request.with_header("idempotency-key", key);
        if (!accept.empty()) request.with_header("accept", accept);
        request.with_body(std::move(pieces));
        auto response = call_route(router_, request);
        // A stream of progress reads its body while it is read itself.
        if (response && response->source) response->body = *body_of(*response);
        return response;
    }
    std::vector<std::string> audited() const {
        std::vector<std::string> actions;
        for (const auto& record : identity_.audit_rows)
            actions.push_back(record.action + " " + record.object);
        return actions;
    }

    identity::PrincipalPtr principal_ = some_principal();
    ManualClock clock_;
    async::IoRuntime io_{1};
    testing::MemoryIdentity identity_{clock_};
    identity::AuditLog audit_{identity_.audit};
    testing::MemoryCollections stores_{clock_};
    data::CollectionService collections_{stores_, stores_, clock_, {}, audit_};
    data::IngestService ingest_{stores_, stores_, {}, io_.executor()};
    idempotency::MemoryIdempotencyStore keys_;
    idempotency::IdempotencyService idempotency_service_{keys_, clock_};
    Idempotency idempotency_{idempotency_service_};
    FakeSqlEngine engine_{[](const data::SqlRequest&, data::RowSink*) -> Result<data::SqlSummary> {
        return unavailable("not here");
    }};
    data::SqlService sql_{engine_, data::SqlLimits()};
    SqlAnswers answers_{io_.executor()};
    CollectionRoutes collection_routes_{collections_, idempotency_};
    DocumentRoutes document_routes_{collections_, sql_, answers_};
    IngestRoutes ingest_routes_{ingest_};
    Router router_;
};

TEST_F(CollectionRoutesTest, ACollectionFromItsMakingToItsEnd) {
    const auto made = create("c");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->status, 201U);
    EXPECT_EQ(json_of(made).at("ok"), true);
    EXPECT_EQ(create("c")->status, 200U);
    EXPECT_EQ(create("1c").error().reason, "invalid_name");
    EXPECT_EQ(json_of(send(Method::Get, "/v1/collections")).as_array().size(), 1U);
    const auto shown = json_of(send(Method::Get, "/v1/collections/c"));
    EXPECT_EQ(shown.at("name"), "c");
    EXPECT_EQ(shown.at("document_count"), 0);
    EXPECT_TRUE(shown.at("projection").is_null());
    EXPECT_EQ(send(Method::Delete, "/v1/collections/c")->status, 204U);
    EXPECT_EQ(send(Method::Get, "/v1/collections/c").error().reason, "no_such_collection");
    EXPECT_EQ(send(Method::Delete, "/v1/collections/c").error().reason, "no_such_collection");
    EXPECT_EQ(audited(), std::vector<std::string>{"collection.delete collection/c"});
}

TEST_F(CollectionRoutesTest, AProjectionWithAndWithoutItsEnvelope) {
    ASSERT_TRUE(create("c"));
    const std::string path = "/v1/collections/c/projection";
    EXPECT_EQ(send(Method::Get, path).error().reason, "no_projection");
    const std::string bare = R"({"columns":{"a":"x.y"}})";
    EXPECT_EQ(json_of(send(Method::Put, path, "", bare)).at("backfilled"), 0);
    EXPECT_EQ(json_of(send(Method::Get, path)).at("columns").as_object().size(), 1U);
    ASSERT_TRUE(send(Method::Put, path, "", R"({"projection":null})"));
    EXPECT_EQ(send(Method::Get, path).error().reason, "no_projection");
    EXPECT_EQ(send(Method::Put, path, "", "{}").error().code, ErrorCode::Unprocessable);
    EXPECT_EQ(send(Method::Put, path, "", R"({"columns":{"a":{"type":"NO"}}})").error().reason,
              "invalid_projection");
}

TEST_F(CollectionRoutesTest, OneDocument) {
    ASSERT_TRUE(create("c"));
    const std::string path = "/v1/collections/c/documents/a";
    EXPECT_EQ(send(Method::Put, path, "", R"({"n":1})")->status, 201U);
    EXPECT_EQ(send(Method::Put, path, "", R"({"n":2})")->status, 200U);
    EXPECT_EQ(send(Method::Put, path, "", "[]").error().code, ErrorCode::Unprocessable);
    EXPECT_EQ(send(Method::Put, path, "", R"({"_id":"b"})").error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(json_of(send(Method::Get, path)).at("doc").at("n"), 2);
    const auto merged = json_of(send(Method::Patch, path, "", R"({"m":3})"));
    EXPECT_EQ(merged.at("doc"), boost::json::parse(R"({"n":2,"m":3})"));
    EXPECT_EQ(send(Method::Delete, path)->status, 204U);
    EXPECT_EQ(send(Method::Get, path).error().reason, "no_such_document");
}

TEST_F(CollectionRoutesTest, TheReportOfAnIngest) {
    ASSERT_TRUE(create("c"));
    const auto answer = ingest({"{\"_id\":1}\n{\"_i", "d\":1}\n\n{broken\n"});
    const auto report = json_of(answer);
    EXPECT_EQ(report.at("ingested"), 1);
    EXPECT_EQ(report.at("errors"), 2);
    EXPECT_EQ(report.at("bytes"), 29);
    const auto& errors = report.at("error_details").as_array();
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0].at("error"), "duplicate_id");
    EXPECT_EQ(errors[1].at("error"), "invalid_json");
    EXPECT_EQ(errors[1].at("line"), 4);
    EXPECT_EQ(errors[1].at("offset"), 21);
    EXPECT_EQ(ingest({"{}\n[]\n"}, "on_error=abort").error().reason, "ingest_failed");
    EXPECT_EQ(ingest({"{}"}, "dead_letter=nowhere").error().reason, "no_such_collection");
    for (const char* query : {"on_error=x", "on_conflict=x", "atomic=maybe", "max_errors=-1",
                              "resume_from=1", "id_field=", "dead_letter=c"}) {
        EXPECT_EQ(ingest({"{}"}, query).error().code, ErrorCode::InvalidArgument) << query;
    }
    FakeRequest other(Method::Post, "/v1/collections/c/ingest");
    other.with_principal(principal_).with_header("content-type", "text/csv").with_body({"a"});
    EXPECT_EQ(call_route(router_, other).error().reason, "unsupported_media_type");
}

TEST_F(CollectionRoutesTest, ReplacingNeedsTheRightToUpdate) {
    ASSERT_TRUE(create("c"));
    identity::Rights rights;
    rights.set(identity::Resource::Collections, {identity::Right::Create});
    principal_ = some_principal(rights);
    EXPECT_TRUE(ingest({"{\"_id\":1}"}));
    EXPECT_EQ(ingest({"{\"_id\":1}"}, "on_conflict=replace").error().code, ErrorCode::Forbidden);
}

TEST_F(CollectionRoutesTest, AStreamThatIsSentAgain) {
    ASSERT_TRUE(create("c"));
    const std::string path = "/v1/collections/c/ingest";
    const auto first = ingest({"{\"n\":1}\n"}, "", "k");
    EXPECT_EQ(header_of(*first, "Idempotency-Replayed"), "");
    const auto again = ingest({"{\"n\":1}\n"}, "", "k");
    EXPECT_EQ(header_of(*again, "Idempotency-Replayed"), "true");
    EXPECT_EQ(json_of(again).at("ingested"), 1);
    const auto rest = ingest({"{\"n\":2}\n"}, "resume_from=8", "k");
    EXPECT_EQ(json_of(rest).at("ingested"), 2);
    EXPECT_EQ(ingest({"{}"}, "resume_from=8", "k").error().reason, "resume_mismatch");
    EXPECT_EQ(ingest({"{}"}, "on_error=abort", "k").error().reason, "idempotency_key_reused");
    EXPECT_EQ(ingest({"{}"}, "", "a b").error().code, ErrorCode::InvalidArgument);
    FakeRequest ask(Method::Get, path);
    ask.with_principal(principal_).with_header("idempotency-key", "k");
    EXPECT_EQ(json_of(call_route(router_, ask)).at("offset"), 16);
    ask.with_header("idempotency-key", "other");
    EXPECT_EQ(call_route(router_, ask).error().reason, "no_such_stream");
}

TEST_F(CollectionRoutesTest, LinesOfProgressEndWithTheReport) {
    ASSERT_TRUE(create("c"));
    const auto answer = ingest({"{\"n\":1}\n[]\n"}, "", "", "application/x-ndjson");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content_type, "application/x-ndjson");
    ASSERT_TRUE(answer->body.ends_with("\n"));
    const std::string lines = answer->body.substr(0, answer->body.size() - 1);
    const auto begin = lines.rfind('\n');
    const auto report =
        boost::json::parse(lines.substr(begin == std::string::npos ? 0 : begin + 1));
    EXPECT_EQ(report.at("ingested"), 1);
    EXPECT_EQ(report.at("errors"), 1);
}

TEST_F(CollectionRoutesTest, AnExportGoesOnBehindADocumentAndIsAudited) {
    ASSERT_TRUE(create("c"));
    ASSERT_TRUE(ingest({"{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n"}));
    auto all = send(Method::Get, "/v1/collections/c/export");
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(*body_of(*all), "{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n");
    auto rest = send(Method::Get, "/v1/collections/c/export", "after=a");
    EXPECT_EQ(*body_of(*rest), "{\"_id\":\"b\"}\n");
    EXPECT_EQ(send(Method::Get, "/v1/collections/c/export", "after=z").error().reason,
              "no_such_document");
    EXPECT_EQ(send(Method::Get, "/v1/collections/c/export", "format=xml").error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(audited(), (std::vector<std::string>{"collection.export collection/c",
                                                   "collection.export collection/c"}));
}

}  // namespace
}  // namespace zs::http
