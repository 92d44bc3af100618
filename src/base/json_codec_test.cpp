#include "base/json_codec.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace zs {
namespace {

struct ThingTag;
struct Inner {
    int count = 0;
    std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (count, note))

struct Outer {
    std::string name;
    std::vector<Inner> items;
    std::optional<Id<ThingTag>> id;
    std::map<std::string, double> weights;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, items, id, weights))

Result<Outer> decode(std::string_view text) {
    return decode_json<Outer>(parse_json(text).value());
}

TEST(JsonCodec, RoundTrips) {
    const auto outer = decode(
        R"({"name":"n","items":[{"count":3,"note":null},{"count":4,"note":"x","more":1}],
            "id":"0198C0DE-0000-7000-8000-00000000ABCD","weights":{"a":1}})");
    ASSERT_TRUE(outer);
    EXPECT_EQ(boost::json::serialize(encode_json(*outer)),
              R"({"name":"n","items":[{"count":3,"note":null},{"count":4,"note":"x"}],)"
              R"("id":"0198c0de-0000-7000-8000-00000000abcd","weights":{"a":1E0}})");
}

TEST(JsonCodec, NamesTheFieldByItsPath) {
    const auto missing = decode(R"({"name":"n","items":[{"count":1},{}],"weights":{}})");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::Unprocessable);
    EXPECT_EQ(missing.error().details.at("field"), "items[1].count");

    const auto wrong = decode(R"({"name":7,"items":[],"weights":{}})");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message, "'name' must be text");

    const auto range = decode(R"({"name":"n","items":[{"count":99999999999}],"weights":{}})");
    ASSERT_FALSE(range);
    EXPECT_EQ(range.error().code, ErrorCode::InvalidArgument);

    const auto id = decode(R"({"name":"n","items":[],"weights":{},"id":"x"})");
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(id.error().details.at("field"), "id");
}

}  // namespace
}  // namespace zs
