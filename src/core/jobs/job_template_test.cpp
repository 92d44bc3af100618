#include "core/jobs/job_template.hpp"

#include "base/json.hpp"
#include "core/jobs/params_schema.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace zs::jobs {
namespace {

boost::json::object object(std::string_view text) {
    return parse_json(text)->get_object();
}

std::string expanded(std::string_view spec, std::string_view submitted,
                     std::string_view schema = "") {
    JobTemplate with;
    with.spec = object(spec);
    if (!schema.empty()) with.params_schema = object(schema);
    const auto answer = expand_template(with, object(submitted));
    if (!answer) return std::string(answer.error().reason_text());
    return boost::json::serialize(*answer);
}

TEST(JobTemplates, SubmittedFieldsGoOverTheirs) {
    const auto merged = expanded(R"({"command":["a","b"],"env":{"A":"1","B":"2"},"priority":5})",
                                 R"({"template":"t","env":{"B":"3"},"command":["c"]})");
    EXPECT_EQ(object(merged), object(R"({"env":{"A":"1","B":"3"},"priority":5,"command":["c"]})"));
    EXPECT_EQ(expanded(R"({"command":["a"]})", R"({"cmd":["c"]})"), R"({"cmd":["c"]})");
}

TEST(JobTemplates, ParametersArePutIn) {
    EXPECT_EQ(
        expanded(
            R"({"command":["run","--n=${params.n}","${params.file}"],"priority":"${params.n}"})",
            R"({"params":{"n":7,"file":"a b; rm ${params.n}"}})"),
        R"({"command":["run","--n=7","a b; rm ${params.n}"],"priority":7})")
        << "one item stays one, values are not looked through again, a lone reference keeps its "
           "type";
    EXPECT_EQ(expanded(R"({"command":["${params.n}"]})", R"({"params":{"n":7}})"),
              R"({"command":["7"]})");
    EXPECT_EQ(expanded(R"({"command":["${params.x}"]})", "{}"), "missing_param");
    EXPECT_EQ(expanded(R"({"command":["${HOME}","${params."]})", "{}"),
              R"({"command":["${HOME}","${params."]})");
}

constexpr const char* kSchema = R"({"type":"object","required":["n"],"additionalProperties":false,
    "properties":{"n":{"type":"integer","minimum":1,"maximum":9},
                  "mode":{"enum":["fast","slow"],"default":"fast"},
                  "tags":{"type":"array","maxItems":2,"items":{"type":"string","minLength":1}}}})";

TEST(JobTemplates, ParametersKeepTheSchema) {
    const auto with = [](const char* params) {
        return expanded(R"({"command":["${params.n}","${params.mode}"]})",
                        std::string(R"({"params":)") + params + "}", kSchema);
    };
    EXPECT_EQ(with(R"({"n":3})"), R"({"command":["3","fast"]})");
    EXPECT_EQ(with(R"({"n":3.0,"mode":"slow","tags":["a"]})").substr(0, 11), R"({"command":)");
    EXPECT_EQ(with("{}"), "missing_param");
    for (const char* wrong :
         {R"({"n":0})", R"({"n":10})", R"({"n":"3"})", R"({"n":1.5})", R"({"n":1,"mode":"x"})",
          R"({"n":1,"other":1})", R"({"n":1,"tags":["a","b","c"]})", R"({"n":1,"tags":[""]})"}) {
        EXPECT_EQ(with(wrong), "invalid_param") << wrong;
    }
}

TEST(JobTemplates, AnUnknownKeywordIsRefusedNotIgnored) {
    for (const char* wrong : {R"({"pattern":"a"})", R"({"type":"text"})", R"({"minimum":"1"})",
                              R"({"properties":{"a":{"oneOf":[]}}})", R"({"required":[1]})"}) {
        const auto checked = check_schema(object(wrong));
        ASSERT_FALSE(checked) << wrong;
        EXPECT_EQ(checked.error().reason, "invalid_schema");
    }
    EXPECT_TRUE(check_schema(object(kSchema)));
}

TEST(JobTemplates, ATemplateIsChecked) {
    EXPECT_TRUE(parse_job_template(object(R"({"name":"t","spec":{"command":["a"]}})")));
    EXPECT_FALSE(parse_job_template(object(R"({"spec":{}})")));
    EXPECT_FALSE(parse_job_template(object(R"({"name":"t"})")));
    EXPECT_FALSE(parse_job_template(object(R"({"name":"t","spec":{"template":"u"}})")));
}

}  // namespace
}  // namespace zs::jobs
