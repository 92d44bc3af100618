#include "base/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace zs::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, SameNameAndLabelsIsTheSameCounter) {
    Counter& first =
        counter("test_requests_total", "Requests.", {{"method", "GET"}, {"status", "200"}});
    Counter& again =
        counter("test_requests_total", "Requests.", {{"status", "200"}, {"method", "GET"}});
    EXPECT_EQ(&first, &again);
    first.add();
    again.add(2);
    EXPECT_EQ(value("test_requests_total", {{"method", "GET"}, {"status", "200"}}), 3);
}

TEST(Metrics, LabelsTellMetricsApart) {
    counter("test_answers_total", "Answers.", {{"result", "ok"}}).add(5);
    counter("test_answers_total", "Answers.", {{"result", "failed"}}).add(1);
    EXPECT_EQ(value("test_answers_total", {{"result", "ok"}}), 5);
    EXPECT_EQ(value("test_answers_total", {{"result", "failed"}}), 1);
    EXPECT_EQ(value("test_answers_total"), 0);
}

TEST(Metrics, CountersNeverFall) {
    Counter& it = counter("test_monotonic_total", "Grows.");
    it.add(4);
    it.add(-3);
    EXPECT_EQ(value("test_monotonic_total"), 4);
}

TEST(Metrics, GaugesGoBothWays) {
    Gauge& open = gauge("test_open", "Open things.");
    open.add(3);
    open.add(-1);
    EXPECT_EQ(value("test_open"), 2);
    open.set(7.5);
    EXPECT_EQ(value("test_open"), 7.5);
}

TEST(Metrics, AnUnknownNameIsZero) {
    EXPECT_EQ(value("test_never_made"), 0);
}

TEST(Metrics, TheFirstHelpStays) {
    counter("test_help_total", "The first text.", {{"a", "1"}}).add();
    counter("test_help_total", "Another text.", {{"a", "2"}}).add();
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("# HELP test_help_total The first text.\n"));
    EXPECT_THAT(text, Not(HasSubstr("Another text.")));
    EXPECT_THAT(text, HasSubstr("test_help_total{a=\"2\"} 1\n"));
}

TEST(Metrics, AHistogramRendersCumulativeBuckets) {
    Histogram& took = histogram("test_took_seconds", "Took.", {1, 5}, {{"kind", "read"}});
    took.observe(0.5);
    took.observe(3);
    took.observe(100);
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("# TYPE test_took_seconds histogram\n"));
    EXPECT_THAT(text, HasSubstr("test_took_seconds_bucket{kind=\"read\",le=\"1\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("test_took_seconds_bucket{kind=\"read\",le=\"5\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("test_took_seconds_bucket{kind=\"read\",le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("test_took_seconds_count{kind=\"read\"} 3\n"));
}

TEST(Metrics, LabelValuesAreEscaped) {
    counter("test_escape_total", "Escapes.", {{"v", "a\"b\\c\nd"}}).add();
    EXPECT_THAT(render(), HasSubstr("test_escape_total{v=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, DurationBoundsGrowFromFiveMillisecondsToTenSeconds) {
    const auto& bounds = duration_bounds();
    EXPECT_EQ(bounds.front(), .005);
    EXPECT_EQ(bounds.back(), 10);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
}

TEST(Metrics, ManyThreadsLoseNoCount) {
    constexpr int kThreads = 4;
    constexpr int kAdds = 20'000;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([] {
            Counter& shared = counter("test_shared_total", "Shared.");
            for (int n = 0; n < kAdds; ++n)
                shared.add();
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(value("test_shared_total"), kThreads * kAdds);
}

TEST(MetricsDeathTest, ANameHasOneKind) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    counter("test_kind", "A counter.");
    EXPECT_DEATH(gauge("test_kind", "A gauge?"), "kind");
}

}  // namespace
}  // namespace zs::metrics
