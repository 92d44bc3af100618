#include "core/jobs/job_spec.hpp"

#include "base/json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <random>

namespace zs::jobs {
namespace {

const Timestamp kNow(Millis(1'760'000'000'000));

Result<JobSpec> parsed(std::string_view text) {
    const auto json = parse_json(text);
    EXPECT_TRUE(json) << text;
    return parse_job_spec(json->get_object(), {}, kNow);
}

// "400 timeout_secs": the status of what is wrong, and the field it names.
std::string refused(std::string_view text) {
    const auto spec = parsed(text);
    if (spec) return "(accepted)";
    const Error error = spec.error();
    const auto* field = error.details.if_contains("field");
    if (field == nullptr) return error.message;
    const std::string status = error.code == ErrorCode::InvalidArgument ? "400 "
                               : error.code == ErrorCode::Unprocessable ? "422 "
                                                                        : "other ";
    return status + std::string(field->as_string());
}

TEST(JobSpecRules, TheLeastIsACommandAndTheRestIsDefaults) {
    const auto spec = parsed(R"({"cmd":["true"]})");
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ(spec->command, std::vector<std::string>{"true"});
    EXPECT_EQ(spec->input, "null");
    EXPECT_EQ(spec->timeout, Seconds(300));
    EXPECT_EQ(spec->max_retries, 3U);
    EXPECT_FALSE(spec->run_at);
    EXPECT_EQ(spec->kind, "process");
}

TEST(JobSpecRules, ACommandIsRequired) {
    for (const char* text : {"{}", R"({"command":null})", R"({"command":[]})"}) {
        const auto spec = parsed(text);
        ASSERT_FALSE(spec);
        EXPECT_EQ(spec.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(spec.error().reason, "command_required");
    }
    const auto text = parsed(R"({"command":"ls -l"})");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::Unprocessable);
}

TEST(JobSpecRules, EveryRuleNamesItsField) {
    const std::pair<const char*, const char*> kWrong[] = {
        {R"({"command":["a"],"cmd":["b"]})", "400 cmd"},
        {R"({"command":["a\u0000"]})", "400 command"},
        {R"({"command":[""]})", "400 command[0]"},
        {R"({"command":["a"],"env":{"1A":"x"}})", "400 env"},
        {R"({"command":["a"],"env":{"ZJOB_ID":"x"}})", "400 env.ZJOB_ID"},
        {R"({"command":["a"],"timeout_secs":0})", "400 timeout_secs"},
        {R"({"command":["a"],"timeout_secs":86401})", "400 timeout_secs"},
        {R"({"command":["a"],"max_retries":101})", "400 max_retries"},
        {R"({"command":["a"],"metadata":[]})", "422 metadata"},
        {R"({"command":["a"],"tags":[""]})", "400 tags"},
        {R"({"command":["a"],"priority":101})", "400 priority"},
        {R"({"command":["a"],"delay_secs":-1})", "400 delay_secs"},
        {R"({"command":["a"],"run_at":"2030-01-01T00:00:00Z"})", "400 run_at"},
        {R"({"command":["a"],"run_at":"2025-10-10T00:00:00Z","delay_secs":1})", "400 delay_secs"},
        {R"({"command":["a"],"concurrency":{"max":1}})", "422 concurrency.key"},
        {R"({"command":["a"],"concurrency":{"key":"k","max":0}})", "400 concurrency.max"},
        {R"({"command":["a"],"rate":{"key":"k"}})", "422 rate.per_minute"},
        {R"({"command":["a"],"rate":{"key":"","per_minute":1}})", "400 rate.key"},
        {R"({"command":["a"],"timeout_secs":"9"})", "422 timeout_secs"},
        {R"({"command":["a"],"retry":7})", "422 retry"},
        {R"({"command":["a"],"depends_on":"x"})", "422 depends_on"},
        {R"({"command":["a"],"depends_on":[{"when":"finished"}]})", "422 depends_on[0]"},
        {R"({"command":["a"],"on_conflict":"maybe"})", "400 on_conflict"},
        {R"({"command":["a"],"depends_on":["x"]})", "400 depends_on[0]"},
        {R"({"command":["a"],"retry":{"multiplier":0.5}})", "400 retry.multiplier"},
        {R"({"command":["a"],"files":{"../x":"00"}})", "400 files"},
        {R"({"command":["a"],"resources":{"memory_mb":-1}})", "400 resources.memory_mb"},
        {R"({"command":["a"],"sandbox":"L9"})", "400 sandbox"},
        {R"({"command":["a"],"requires":["ok",7]})", "422 requires[1]"},
        {R"({"command":["a"],"docker":{}})", "422 docker"},
    };
    for (const auto& [text, wanted] : kWrong)
        EXPECT_EQ(refused(text), wanted) << text;
}

TEST(JobSpecRules, ADelayIsATime) {
    const auto spec = parsed(R"({"command":["a"],"delay_secs":90})");
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->run_at, kNow + Seconds(90));
}

// A specification with every field drawn, as text of a client.
std::string random_spec(std::mt19937_64& random) {
    const auto draw = [&](int below) { return static_cast<int>(random() % std::uint64_t(below)); };
    const auto maybe = [&](const std::string& field) {
        return draw(2) == 0 ? "," + field : std::string();
    };
    const auto number = [&](int least, int most) {
        return std::to_string(least + draw(most - least + 1));
    };
    std::string out = R"({"command":["run","ä\n)" + number(0, 999) + "\"]";
    out += maybe(R"("input":{"a":[1,2.5,null,"x)" + number(0, 9) + R"("]})");
    out += maybe(R"("env":{"A_)" + number(0, 9) + R"(":"v","B":""})");
    out += maybe("\"timeout_secs\":" + number(1, 86400));
    out += maybe("\"max_retries\":" + number(0, 100));
    out += maybe(R"("metadata":{"k":{"deep":[true]}})") + maybe(R"("name":"n")");
    out += maybe(R"("tags":["t1","t2"])") + maybe("\"priority\":" + number(-100, 100));
    out += maybe("\"delay_secs\":" + number(0, 100000));
    out += maybe(R"("concurrency":{"key":"c","max":)" + number(1, 9) + "}");
    out += maybe(R"("rate":{"key":"r","per_minute":)" + number(1, 9) + "}");
    out += maybe(R"("unique_key":"u","on_conflict":"replace")");
    out += maybe(R"("depends_on":[{"job_id":"0198c0de-0000-7000-8000-00000000000)" + number(0, 9)
                 + R"(","when":"finished"}])");
    out += maybe(R"("retry":{"initial_ms":5,"multiplier":1.5,"no_retry_exit_codes":[2]})");
    out += maybe(R"("files":{"a/b":")" + std::string(64, 'a') + "\"}");
    out += maybe(R"("resources":{"memory_mb":64,"processes":)" + number(1, 9) + "}");
    out += maybe(R"("sandbox":"L1")") + maybe(R"("requires":["gpu","big"])");
    return out + maybe(R"("kind":"mail")") + "}";
}

TEST(JobSpecText, ComesBackAsItWas) {
    const auto seed = std::random_device{}();
    std::mt19937_64 random(seed);
    for (int i = 0; i < 500; ++i) {
        const std::string text = random_spec(random);
        const auto spec = parsed(text);
        ASSERT_TRUE(spec) << text << ": " << spec.error().message << ", seed " << seed;
        const std::string stored = to_stored_text(*spec);
        const auto back = parse_stored_spec(stored);
        ASSERT_TRUE(back) << stored << ": " << back.error().message;
        EXPECT_EQ(to_stored_text(*back), stored) << "seed " << seed;
        EXPECT_EQ(back->command, spec->command);
        EXPECT_EQ(back->env, spec->env);
        EXPECT_EQ(back->timeout, spec->timeout);
        EXPECT_EQ(back->max_retries, spec->max_retries);
        EXPECT_EQ(back->tags, spec->tags);
        EXPECT_EQ(back->input, spec->input);
        EXPECT_EQ(back->run_at, spec->run_at);
        EXPECT_EQ(back->metadata, spec->metadata);
        EXPECT_EQ(back->requires_labels, spec->requires_labels);
    }
}

TEST(JobSpecText, DamageIsNoticed) {
    for (const char* text : {"", "[]", "{", R"({"command":7})"}) {
        const auto spec = parse_stored_spec(text);
        ASSERT_FALSE(spec) << text;
        EXPECT_EQ(spec.error().code, ErrorCode::DataLoss);
    }
}

}  // namespace
}  // namespace zs::jobs
