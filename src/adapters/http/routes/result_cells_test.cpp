#include "adapters/http/routes/result_cells.hpp"

#include "adapters/http/routes/json_result_sink.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace zs::http {
namespace {

using data::ColumnKind;
using testing::blob_value;
using testing::column;
using testing::integer_value;
using testing::real_value;
using testing::text_value;

std::string json_cell(ColumnKind kind, const data::SqlValueView& value) {
    std::string out;
    append_json_cell(out, column("c", "T", kind), value);
    return out;
}

std::string csv_cell(ColumnKind kind, const data::SqlValueView& value) {
    std::string out;
    append_csv_cell(out, column("c", "T", kind), value);
    return out;
}

TEST(JsonCell, IntegersAreExactAndTextBeyondDoubles) {
    EXPECT_EQ(json_cell(ColumnKind::Integer, integer_value(0)), "0");
    EXPECT_EQ(json_cell(ColumnKind::Integer, integer_value(9007199254740991)), "9007199254740991");
    EXPECT_EQ(json_cell(ColumnKind::Integer, integer_value(9007199254740992)),
              "\"9007199254740992\"");
    EXPECT_EQ(json_cell(ColumnKind::Integer, integer_value(-9007199254740992)),
              "\"-9007199254740992\"");
    EXPECT_EQ(json_cell(ColumnKind::Plain, integer_value(std::numeric_limits<std::int64_t>::min())),
              "\"-9223372036854775808\"");
}

TEST(JsonCell, RealsAreNumbersUnlessJsonHasNone) {
    EXPECT_EQ(json_cell(ColumnKind::Real, real_value(0.1)), "0.1");
    EXPECT_EQ(json_cell(ColumnKind::Real, real_value(std::numeric_limits<double>::infinity())),
              "\"Infinity\"");
    EXPECT_EQ(json_cell(ColumnKind::Real, real_value(-std::numeric_limits<double>::infinity())),
              "\"-Infinity\"");
    EXPECT_EQ(json_cell(ColumnKind::Real, real_value(std::numeric_limits<double>::quiet_NaN())),
              "\"NaN\"");
}

TEST(JsonCell, BooleansAreBooleansAndHideNothing) {
    EXPECT_EQ(json_cell(ColumnKind::Boolean, integer_value(1)), "true");
    EXPECT_EQ(json_cell(ColumnKind::Boolean, integer_value(0)), "false");
    EXPECT_EQ(json_cell(ColumnKind::Boolean, integer_value(2)), "2");
    EXPECT_EQ(json_cell(ColumnKind::Boolean, data::SqlValueView{}), "null");
}

TEST(JsonCell, BlobsAreBase64) {
    EXPECT_EQ(json_cell(ColumnKind::Blob, blob_value("\x00\xFF\x10")), "\"\"");
    EXPECT_EQ(json_cell(ColumnKind::Blob, blob_value(std::string_view("\x00\xFF\x10", 3))),
              "\"AP8Q\"");
    EXPECT_EQ(json_cell(ColumnKind::Plain, blob_value("hi")), "\"aGk=\"");
    EXPECT_EQ(json_cell(ColumnKind::Blob, text_value("hi")), "\"aGk=\"")
        << "one column, one encoding";
}

TEST(JsonCell, VectorsAreArrays) {
    const std::string_view two("\x00\x00\x80\x3f\xcd\xcc\xcc\x3d", 8);
    EXPECT_EQ(json_cell(ColumnKind::Vector, blob_value(two)), "[1,0.1]");
    EXPECT_EQ(csv_cell(ColumnKind::Vector, blob_value(two)), "\"[1,0.1]\"");
    EXPECT_EQ(json_cell(ColumnKind::Blob, blob_value(two)), "\"AACAP83MzD0=\"");
    EXPECT_EQ(json_cell(ColumnKind::Vector, blob_value("abc")), "\"YWJj\"") << "no vector at all";
    EXPECT_EQ(json_cell(ColumnKind::Vector, text_value("[1]")), "\"[1]\"");
}

TEST(JsonCell, TextIsEscapedAndAlwaysUtf8) {
    EXPECT_EQ(json_cell(ColumnKind::Plain, text_value("a\"b\n\x01")), "\"a\\\"b\\n\\u0001\"");
    EXPECT_EQ(json_cell(ColumnKind::Plain, text_value("\xC3\xA9")), "\"\xC3\xA9\"");
    EXPECT_EQ(json_cell(ColumnKind::Plain, text_value("\xFFx\xC3")),
              "\"\xEF\xBF\xBDx\xEF\xBF\xBD\"");
}

TEST(JsonCell, JsonIsTheValueItselfOnOneLine) {
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("{ \"a\" :\n [1, \"x \\\" y\"] }")),
              "{\"a\":[1,\"x \\\" y\"]}");
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("3")), "3");
    EXPECT_EQ(json_cell(ColumnKind::Json, integer_value(3)), "3");
}

TEST(JsonCell, BrokenJsonStaysText) {
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("{\"a\":")), "\"{\\\"a\\\":\"");
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("1 2")), "\"1 2\"");
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("")), "\"\"");
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value("\"\xFF\"")), "\"\\\"\xEF\xBF\xBD\\\"\"");
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    EXPECT_EQ(json_cell(ColumnKind::Json, text_value(deep)), "\"" + deep + "\"");
}

TEST(CsvCell, QuotesWhatNeedsIt) {
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value("plain")), "plain");
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value("a,b")), "\"a,b\"");
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value("say \"x\"")), "\"say \"\"x\"\"\"");
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value("two\nlines")), "\"two\nlines\"");
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value(" edge")), "\" edge\"");
}

TEST(CsvCell, NullAndEmptyTextDiffer) {
    EXPECT_EQ(csv_cell(ColumnKind::Plain, data::SqlValueView{}), "");
    EXPECT_EQ(csv_cell(ColumnKind::Plain, text_value("")), "\"\"");
}

TEST(CsvCell, NumbersKeepAllDigits) {
    EXPECT_EQ(csv_cell(ColumnKind::Integer, integer_value(9007199254740993)), "9007199254740993");
    EXPECT_EQ(csv_cell(ColumnKind::Boolean, integer_value(1)), "true");
    EXPECT_EQ(csv_cell(ColumnKind::Real, real_value(-std::numeric_limits<double>::infinity())),
              "-Infinity");
    EXPECT_EQ(csv_cell(ColumnKind::Blob, blob_value("hi")), "aGk=");
}

class JsonResultSinkTest : public ::testing::Test {
protected:
    const std::vector<data::ResultColumn> columns_{column("id", "INTEGER", ColumnKind::Integer),
                                                   column("a \"b\"", "TEXT")};
    const std::vector<data::SqlValueView> row_{integer_value(7), text_value("x")};
};

TEST_F(JsonResultSinkTest, WritesObjects) {
    JsonResultSink sink(RowFormat::Objects, 1000);
    ASSERT_TRUE(sink.columns(columns_));
    ASSERT_TRUE(sink.row(row_));
    ASSERT_TRUE(sink.row(row_));
    data::SqlSummary summary;
    summary.row_count = 2;
    summary.truncated = true;
    EXPECT_EQ(sink.take(summary, 5),
              R"({"columns":[{"name":"id","type":"INTEGER"},{"name":"a \"b\"","type":"TEXT"}],)"
              R"("rows":[{"id":7,"a \"b\"":"x"},{"id":7,"a \"b\"":"x"}],)"
              R"("row_count":2,"affected_rows":null,"elapsed_ms":5,"truncated":true})");
}

TEST_F(JsonResultSinkTest, WritesArrays) {
    JsonResultSink sink(RowFormat::Arrays, 1000);
    ASSERT_TRUE(sink.columns(columns_));
    ASSERT_TRUE(sink.row(row_));
    data::SqlSummary summary;
    summary.row_count = 1;
    summary.affected_rows = 1;
    const std::string json = sink.take(summary, 0);
    EXPECT_NE(json.find(R"("rows":[[7,"x"]])"), std::string::npos) << json;
    EXPECT_NE(json.find(R"("affected_rows":1)"), std::string::npos) << json;
}

TEST_F(JsonResultSinkTest, AStatementWithoutColumnsHasEmptyLists) {
    JsonResultSink sink(RowFormat::Objects, 1000);
    data::SqlSummary summary;
    summary.affected_rows = 0;
    EXPECT_EQ(sink.take(summary, 1), R"({"columns":[],"rows":[],"row_count":0,"affected_rows":0,)"
                                     R"("elapsed_ms":1,"truncated":false})");
}

TEST_F(JsonResultSinkTest, BytesAreBounded) {
    JsonResultSink sink(RowFormat::Arrays, 100);
    ASSERT_TRUE(sink.columns(columns_));
    Result<void> done = sink.row(row_);
    for (int i = 0; done && i < 100; ++i)
        done = sink.row(row_);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "result_too_large");
}

}  // namespace
}  // namespace zs::http
