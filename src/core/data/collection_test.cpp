#include "core/data/collection.hpp"

#include "core/data/column_value.hpp"
#include "core/data/document_query.hpp"
#include "core/data/merge_patch.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace zs::data {
namespace {

namespace json = boost::json;
using documents::Value;
using documents::ValueKind;

TEST(CollectionName, IsAnIdentifierThatNobodyElseOwns) {
    for (const auto& name : std::vector<std::string>{"a", "_x", "Events_2", std::string(63, 'z')})
        EXPECT_TRUE(check_collection_name(name)) << name;
    for (const std::string name :
         {"", "1a", "a-b", "a b", "é", "_zs_a", "_ZS_A", "sqlite_x", "json_each", "pragma_x"}) {
        const auto checked = check_collection_name(name);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().reason, "invalid_name");
    }
    EXPECT_FALSE(check_collection_name(std::string(64, 'z')));
}

Result<std::optional<Projection>> projection(const std::string& text) {
    return read_projection(json::parse(text), "c");
}

TEST(Projection, ReadsColumnsAndShowsThemAgain) {
    const auto read = projection(
        R"j({"table":"C","columns":{"a":"x.y","v":{"path":"e","type":"vector(3)","required":true,)j"
        R"("index":true}}})");
    ASSERT_TRUE(read && *read);
    EXPECT_FALSE((*read)->table) << "its own table is no other";
    EXPECT_EQ((*read)->columns[0].type, "TEXT");
    EXPECT_EQ((*read)->columns[1].dimensions, 3U);
    const auto again = read_projection(show_projection(*read), "c");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *read);
    EXPECT_FALSE(*projection("null"));
}

TEST(Projection, RefusesWhatIsNone) {
    const std::vector<std::string> bad = {"1",
                                          "{}",
                                          R"j({"columns":{}})j",
                                          R"j({"columns":{"_id":"a"}})j",
                                          R"j({"columns":{"DOC":"a"}})j",
                                          R"j({"columns":{"a":"x","A":"y"}})j",
                                          R"j({"columns":{"a":""}})j",
                                          R"j({"columns":{"a":".x"}})j",
                                          R"j({"columns":{"a":"x..y"}})j",
                                          R"j({"columns":{"a b":"x"}})j",
                                          R"j({"columns":{"a":{}}})j",
                                          R"j({"columns":{"a":"_id"}})j",
                                          R"j({"columns":{"a":{"path":"x","type":"BLOB"}}})j",
                                          R"j({"columns":{"a":{"path":"x","type":"VECTOR(0)"}}})j",
                                          R"j({"columns":{"a":{"path":"x","index":1}}})j",
                                          R"j({"table":1,"columns":{"a":"x"}})j",
                                          R"j({"table":"_zs_x","columns":{"a":"x"}})j"};
    for (const auto& text : bad) {
        const auto read = projection(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().reason, "invalid_projection") << text;
    }
}

TEST(Projection, SaysWhatIsWrongWithAType) {
    const auto message = [](const std::string& type) {
        const auto read = projection(R"({"columns":{"a":{"path":"x","type":)" + type + "}}}");
        return read ? "" : read.error().message;
    };
    EXPECT_TRUE(
        message(R"("INTGER")").starts_with("projection.columns.a: there is no type 'INTGER'; "))
        << message(R"("INTGER")");
    EXPECT_EQ(message(R"j("vector(40000)")j"),
              "projection.columns.a: 'type' must be VECTOR(n) with n from 1 to 32768");
    EXPECT_EQ(message("7"), "projection.columns.a: 'type' must be text");
}

Value value(ValueKind kind, std::string_view text = {}, std::int64_t integer = 0, double real = 0) {
    Value made;
    made.kind = kind;
    made.text = text;
    made.integer = integer;
    made.real = real;
    return made;
}

ProjectedColumn column(ColumnClass value_class, std::size_t dimensions = 0) {
    ProjectedColumn made;
    made.value_class = value_class;
    made.dimensions = dimensions;
    return made;
}

// The value as its column has it; "no" when it does not fit.
std::string fitted(const ProjectedColumn& into, const Value& given) {
    SqlValueView out;
    std::string scratch;
    if (!fit_column(into, given, out, scratch)) return "no";
    switch (out.kind) {
        case SqlValueView::Kind::Null: return "null";
        case SqlValueView::Kind::Integer: return "i" + std::to_string(out.integer);
        case SqlValueView::Kind::Real: return "r" + std::to_string(out.real);
        default: return "t" + std::string(out.bytes);
    }
}

TEST(ColumnValue, FitsOrDoesNot) {
    using enum ColumnClass;
    const auto text = value(ValueKind::Text, "a\"b");
    const auto whole = value(ValueKind::Integer, {}, 7);
    const auto half = value(ValueKind::Real, {}, 0, 2.5);
    const auto three = value(ValueKind::Real, {}, 0, 3.0);
    const auto list = value(ValueKind::Json, "[1,2.5,-3e2]");
    auto yes = value(ValueKind::Boolean);
    yes.boolean = true;
    for (const auto kind : {ValueKind::Missing, ValueKind::Null})
        EXPECT_EQ(fitted(column(Integer), value(kind)), "null");
    EXPECT_EQ(fitted(column(Text), text), "ta\"b");
    EXPECT_EQ(fitted(column(Text), whole), "t7");
    EXPECT_EQ(fitted(column(Text), half), "t2.5");
    EXPECT_EQ(fitted(column(Text), yes), "ttrue");
    EXPECT_EQ(fitted(column(Integer), whole), "i7");
    EXPECT_EQ(fitted(column(Integer), three), "i3");
    EXPECT_EQ(fitted(column(Integer), half), "no");
    EXPECT_EQ(fitted(column(Integer), text), "no");
    EXPECT_EQ(fitted(column(Integer), yes), "no");
    EXPECT_EQ(fitted(column(Real), whole), "r7.000000");
    EXPECT_EQ(fitted(column(Numeric), whole), "i7");
    EXPECT_EQ(fitted(column(Boolean), yes), "i1");
    EXPECT_EQ(fitted(column(Boolean), whole), "no");
    EXPECT_EQ(fitted(column(Json), text), "t\"a\\\"b\"");
    EXPECT_EQ(fitted(column(Json), list), "t[1,2.5,-3e2]");
    EXPECT_EQ(fitted(column(Vector, 3), list), "t[1,2.5,-3e2]");
    EXPECT_EQ(fitted(column(Vector, 2), list), "no");
    EXPECT_EQ(fitted(column(Vector, 1), value(ValueKind::Json, "[[1]]")), "no");
    EXPECT_EQ(fitted(column(Vector, 2), value(ValueKind::Json, "[3e38, 1E-30]")), "t[3e38, 1E-30]");
    EXPECT_EQ(fitted(column(Vector, 2), value(ValueKind::Json, "[0,-1e39]")), "no");
    EXPECT_EQ(
        fitted(column(Vector, 1), value(ValueKind::Json, "[1" + std::string(38, '0') + ".5]")),
        "t[1" + std::string(38, '0') + ".5]");
    EXPECT_EQ(
        fitted(column(Vector, 1), value(ValueKind::Json, "[1" + std::string(39, '0') + ".5]")),
        "no");
    EXPECT_EQ(fitted(column(Vector, 1), value(ValueKind::Json, "[null]")), "no");
    EXPECT_EQ(fitted(column(Timestamp), value(ValueKind::Text, "2026-01-15T10:30:00+01:00")),
              "t2026-01-15T10:30:00+01:00");
    EXPECT_EQ(fitted(column(Timestamp), text), "no");
}

TEST(ColumnValue, IdsAreShortTextOrNumbers) {
    std::string_view out;
    std::string scratch;
    EXPECT_TRUE(fit_id(value(ValueKind::Integer, {}, -4), out, scratch));
    EXPECT_EQ(out, "-4");
    EXPECT_TRUE(fit_id(value(ValueKind::Text, "x"), out, scratch));
    const std::string long_id(513, 'x');
    for (const auto& bad :
         {value(ValueKind::Null), value(ValueKind::Boolean), value(ValueKind::Json, "[]"),
          value(ValueKind::Text, ""), value(ValueKind::Text, long_id),
          value(ValueKind::Text, std::string_view("a\0b", 3))}) {
        EXPECT_FALSE(fit_id(bad, out, scratch));
    }
}

TEST(DocumentQuery, ReadsFiltersAndSorts) {
    const auto filter = read_filter(
        R"({"a.b":1,"n":{"gt":5,"lte":9.5},"t":{"in":["x",null]},"e":{"exists":true}})");
    ASSERT_TRUE(filter);
    ASSERT_EQ(filter->size(), 5U);
    EXPECT_EQ((*filter)[0].path, "a.b");
    EXPECT_EQ((*filter)[2].compare, Compare::Lte);
    EXPECT_EQ((*filter)[3].values.size(), 2U);
    for (const std::string bad :
         {"", "[]", R"({"a":[1]})", R"({"a":{"x":1}})", R"({"a":{"in":[]}})",
          R"({"a":{"prefix":1}})", R"({"a":{"exists":1}})", R"({"":1})"}) {
        const auto read = read_filter(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().reason, "invalid_filter");
    }
    const auto sort = read_sort("-a.b, c");
    ASSERT_TRUE(sort);
    EXPECT_EQ(*sort, (std::vector<SortKey>{{"a.b", true}, {"c", false}}));
    EXPECT_FALSE(read_sort("a,b,c,d,e"));
    EXPECT_FALSE(read_sort("a,,b"));
}

TEST(DocumentQuery, KeysSurviveACursor) {
    const std::vector<SqlValue> keys = {std::int64_t{5}, 2.5, std::string("x\"é"), SqlValue()};
    const auto read = read_keys(write_keys(keys));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, keys);
    EXPECT_FALSE(read_keys("{}"));
    EXPECT_FALSE(read_keys("[[1]]"));
}

// The examples of RFC 7396, appendix A.
TEST(MergePatch, IsTheRfcs) {
    const std::vector<std::array<std::string, 3>> examples = {
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", "{}"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}};
    for (const auto& [target, patch, wanted] : examples) {
        auto merged = json::parse(target);
        merge_patch(merged, json::parse(patch));
        EXPECT_EQ(merged, json::parse(wanted)) << target << " + " << patch;
    }
}

}  // namespace
}  // namespace zs::data
