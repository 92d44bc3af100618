#include "adapters/http/routes/sql_body.hpp"

#include "base/json.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using data::Blob;
using data::SqlValue;

Result<SqlBody> decode(std::string_view json) {
    return decode_sql_body(*parse_json(json));
}

std::string field_of(const Result<SqlBody>& body) {
    const Error error = body.error();
    const auto* field = error.details.if_contains("field");
    return field == nullptr ? "" : std::string(field->as_string().c_str());
}

TEST(SqlBody, ReadsEverything) {
    const auto body = decode(R"({"sql":"SELECT 1","params":[1],"max_rows":5,"timeout_ms":100,
        "row_format":"arrays","settings":{"hnsw.ef_search":128},"unknown":true})");
    ASSERT_TRUE(body);
    EXPECT_EQ(body->call.sql, "SELECT 1");
    EXPECT_EQ(body->call.rows_max, 5U);
    EXPECT_EQ(body->call.timeout, Millis(100));
    EXPECT_EQ(body->rows, RowFormat::Arrays);
}

TEST(SqlBody, ParametersKeepTheirTypes) {
    const auto body = decode(R"({"sql":"x","params":[null,true,false,-3,2.5,"t",
        {"base64":"AP8="},{"a":[1]},[1,2],{"base64":"AA==","more":1}]})");
    ASSERT_TRUE(body);
    const std::vector<SqlValue> wanted{
        SqlValue{},
        SqlValue{std::int64_t{1}},
        SqlValue{std::int64_t{0}},
        SqlValue{std::int64_t{-3}},
        SqlValue{2.5},
        SqlValue{std::string("t")},
        SqlValue{Blob{std::string("\x00\xFF", 2)}},
        SqlValue{std::string(R"({"a":[1]})")},
        SqlValue{std::string("[1,2]")},
        SqlValue{std::string(R"({"base64":"AA==","more":1})")},
    };
    EXPECT_EQ(body->call.positional, wanted);
}

TEST(SqlBody, NamedParametersLoseTheirSigil) {
    const auto body = decode(R"({"sql":"x","params":{"a":1,":b":2,"$c":3,"@d":4}})");
    ASSERT_TRUE(body);
    ASSERT_EQ(body->call.named.size(), 4U);
    EXPECT_EQ(body->call.named[0].first, "a");
    EXPECT_EQ(body->call.named[1].first, "b");
    EXPECT_EQ(body->call.named[2].first, "c");
    EXPECT_EQ(body->call.named[3].first, "d");
}

TEST(SqlBody, IntegersBeyond64BitsAreRefused) {
    ASSERT_TRUE(decode(R"({"sql":"x","params":[9223372036854775807]})"));
    const auto body = decode(R"({"sql":"x","params":[0,18446744073709551615]})");
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(field_of(body), "params[1]");
}

TEST(SqlBody, WrongTypesNameTheField) {
    struct Case {
        const char* json;
        const char* field;
        ErrorCode code;
    };
    const Case cases[] = {
        {R"([])", "", ErrorCode::Unprocessable},
        {R"({})", "sql", ErrorCode::Unprocessable},
        {R"({"sql":1})", "sql", ErrorCode::Unprocessable},
        {R"({"sql":"x","params":"no"})", "params", ErrorCode::Unprocessable},
        {R"({"sql":"x","params":[{"base64":"!"}]})", "params[0]", ErrorCode::InvalidArgument},
        {R"({"sql":"x","max_rows":"1"})", "max_rows", ErrorCode::Unprocessable},
        {R"({"sql":"x","max_rows":-1})", "max_rows", ErrorCode::InvalidArgument},
        {R"({"sql":"x","timeout_ms":1.5})", "timeout_ms", ErrorCode::Unprocessable},
        {R"({"sql":"x","row_format":"rows"})", "row_format", ErrorCode::InvalidArgument},
        {R"({"sql":"x","row_format":1})", "row_format", ErrorCode::Unprocessable},
        {R"({"sql":"x","settings":[]})", "settings", ErrorCode::Unprocessable},
        {R"({"sql":"x","settings":{"hnsw.ef_search":0}})", "settings.hnsw.ef_search",
         ErrorCode::InvalidArgument},
        {R"({"sql":"x","settings":{"hnsw.ef_search":"64"}})", "settings.hnsw.ef_search",
         ErrorCode::Unprocessable},
    };
    for (const auto& one : cases) {
        const auto body = decode(one.json);
        ASSERT_FALSE(body) << one.json;
        EXPECT_EQ(body.error().code, one.code) << one.json;
        EXPECT_EQ(field_of(body), one.field) << one.json;
    }
}

TEST(SqlBody, NullMeansAbsent) {
    const auto body =
        decode(R"({"sql":"x","params":null,"max_rows":null,"timeout_ms":null,"settings":null})");
    ASSERT_TRUE(body);
    EXPECT_FALSE(body->call.rows_max);
    EXPECT_FALSE(body->call.timeout);
    EXPECT_TRUE(body->call.positional.empty());
}

}  // namespace
}  // namespace zs::http
