#include "core/data/vector_value.hpp"

#include "core/data/vector_filter.hpp"
#include "core/data/vector_knn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace zs::data {
namespace {

SqlValue blob_of(const std::vector<float>& values) {
    Blob blob;
    blob.bytes.resize(values.size() * sizeof(float));
    const auto bytes = std::as_bytes(std::span(values));
    std::ranges::transform(bytes, blob.bytes.begin(), [](std::byte b) { return char(b); });
    return blob;
}

VectorCell read(const SqlValue& value, std::size_t dimensions, std::vector<float>* out = nullptr) {
    std::vector<float> values;
    const VectorCell cell = read_vector(value, dimensions, values);
    if (out != nullptr) *out = values;
    return cell;
}

TEST(VectorValueTest, BlobsAndArraysAreVectors) {
    std::vector<float> values;
    EXPECT_EQ(read(blob_of({1, -2.5F}), 2, &values), VectorCell::Vector);
    EXPECT_EQ(values, (std::vector<float>{1, -2.5F}));
    EXPECT_EQ(read(std::string(" [ 1 , -2.5,3e1 ] "), 0, &values), VectorCell::Vector);
    EXPECT_EQ(values, (std::vector<float>{1, -2.5F, 30}));
    EXPECT_EQ(read(SqlValue(), 2), VectorCell::Empty);
}

TEST(VectorValueTest, WhatIsNoVectorIsRefused) {
    for (const char* text : {"", "[", "[]", "[1", "[1,", "[1,]", "[1 2]", "1,2", "[1,2]x", "[[1]]",
                             "[nan]", "[inf]", "[1e400]", "{\"a\":1}", "words"}) {
        EXPECT_EQ(read(std::string(text), 0), VectorCell::NotAVector) << text;
    }
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(read(blob_of({1, nan}), 0), VectorCell::NotAVector);
    EXPECT_EQ(read(blob_of({1, infinity}), 0), VectorCell::NotAVector);
    EXPECT_EQ(read(blob_of({}), 0), VectorCell::NotAVector);
    EXPECT_EQ(read(Blob{"12345"}, 0), VectorCell::NotAVector);
    EXPECT_EQ(read(blob_of({1, 2}), 3), VectorCell::NotAVector);
    EXPECT_EQ(read(blob_of(std::vector<float>(32'769)), 0), VectorCell::NotAVector);
    EXPECT_EQ(read(std::int64_t{7}, 0), VectorCell::NotAVector);
    EXPECT_EQ(read(0.5, 0), VectorCell::NotAVector);
}

TEST(VectorValueTest, DimensionsComeFromTheType) {
    EXPECT_EQ(declared_dimensions("VECTOR(768)"), 768U);
    EXPECT_EQ(declared_dimensions("vector ( 3 )"), 3U);
    EXPECT_EQ(declared_dimensions("VECTOR(32768)"), 32'768U) << "whatever is allowed now";
    for (const char* type : {"", "BLOB", "VECTOR", "VECTOR()", "VECTOR(x)", "VECTOR(32769)",
                             "VECTORS(3)", "VECTOR(3"}) {
        EXPECT_EQ(declared_dimensions(type), 0U) << type;
    }
}

TEST(VectorFilterTest, AnExpressionStaysInItsBrackets) {
    for (const char* filter :
         {"a = 1", "(a = 1) OR (b IN (1, 2))", "name = 'it''s ) -- fine'", "\"odd ) name\" = ?",
          "[odd ) name] > 2", "`x;y` = 1", "a -> '$.b' = 1", "a - -1 > 0", "a / 2 * 3 = 1",
          "a = $name AND b = :other"}) {
        EXPECT_TRUE(check_filter(filter)) << filter;
    }
    for (const char* filter :
         {"", "  ", "a = 1) UNION SELECT (1", "(a = 1", "a = 1;", "a = 'x", "a = \"x", "[x",
          "a -- b", "a /* b", "1=$a(')) UNION SELECT 1 WHERE (1='')", "1=@a::b(')')",
          "1=:a(')')"}) {
        const auto checked = check_filter(filter);
        ASSERT_FALSE(checked) << filter;
        EXPECT_EQ(checked.error().reason, "invalid_filter");
    }
    EXPECT_FALSE(check_filter(std::string_view("a\0b", 3)));
    EXPECT_FALSE(check_filter(std::string(70'000, 'a')));
}

TEST(VectorKnnTest, TheNearestComeFirstAndTiesByIndex) {
    GivenVectors given;
    given.dimensions = 2;
    given.queries = {{0, 0}, {3, 4}};
    given.values = {3, 4, 0, 1, 3, 4};
    given.top_k = 5;
    const auto found = nearest_given(given, {});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2U);
    const auto& first = found->front();
    ASSERT_EQ(first.size(), 3U);
    EXPECT_EQ(first[0].index, 1U);
    EXPECT_EQ(first[0].distance, 1);
    EXPECT_EQ(first[1].index, 0U);
    EXPECT_EQ(first[2].index, 2U);
    EXPECT_EQ(first[2].distance, 5);
    given.queries = {{std::numeric_limits<float>::infinity(), 0}};
    EXPECT_FALSE(nearest_given(given, {}));
    given.queries = {{1}};
    EXPECT_EQ(nearest_given(given, {}).error().reason, "dimension_mismatch");
    given.queries = {{1, 2}};
    given.dimensions_max = 1;
    EXPECT_EQ(nearest_given(given, {}).error().reason, "dimension_too_large");
    given.dimensions_max = 2;
    EXPECT_TRUE(nearest_given(given, {}));
    given.metric = vector::Metric::Hamming;
    EXPECT_EQ(nearest_given(given, {}).error().reason, "invalid_metric");
}

}  // namespace
}  // namespace zs::data
