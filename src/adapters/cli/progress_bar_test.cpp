#include "adapters/cli/progress_bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace zs::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ProgressBar, BytesInWords) {
    EXPECT_EQ(bytes_in_words(0), "0 B");
    EXPECT_EQ(bytes_in_words(999), "999 B");
    EXPECT_EQ(bytes_in_words(1000), "1.0 kB");
    EXPECT_EQ(bytes_in_words(12'340'000), "12.3 MB");
    EXPECT_EQ(bytes_in_words(7.5e15), "7500.0 TB");
}

TEST(ProgressBar, ALineSaysHowFarHowFastAndHowLongStill) {
    EXPECT_EQ(progress_line("a.ndjson", 500'000, 1'000'000, 10'000),
              "a.ndjson  [############............]  50 %  500.0 kB  10.0 kB/s  ETA 0:50");
    EXPECT_EQ(progress_line("a", 0, 3'600'000, 1000),
              "a  [........................]   0 %  0 B  1.0 kB/s  ETA 1:00:00");
    EXPECT_THAT(progress_line("a", 0, 100, 0), EndsWith("ETA -:--"));
    EXPECT_THAT(progress_line("a", 100, 100, 10), EndsWith("100 %  100 B  10 B/s  ETA 0:00"));
    EXPECT_THAT(progress_line("a", 200, 100, 10), HasSubstr("[########################] 100 %"))
        << "a file that grew meanwhile";
    EXPECT_THAT(progress_line("a", 0, 1'000'000'000'000'000, 1), EndsWith("ETA 99:59:59"));
    EXPECT_EQ(progress_line("a", 1500, std::nullopt, 100), "a  1.5 kB  100 B/s");
    EXPECT_EQ(progress_line("a", 0, 0, 0), "a  0 B  0 B/s") << "an empty file";
}

TEST(ProgressBar, IsDrawnOverItselfAndEndsItsLine) {
    std::ostringstream out;
    {
        ProgressBar bar(out, "up", 1000, ProgressBar::Shown::Yes);
        bar.update(10);
        bar.update(20);
        bar.update(1000);
    }
    EXPECT_THAT(out.str(), StartsWith("\r\x1b[Kup  ["));
    EXPECT_THAT(out.str(), HasSubstr("100 %  1.0 kB"));
    EXPECT_THAT(out.str(), EndsWith("\n"));
    EXPECT_THAT(out.str(), Not(HasSubstr("  2 %"))) << "not with every piece";
}

TEST(ProgressBar, HiddenItSaysNothing) {
    std::ostringstream out;
    {
        ProgressBar bar(out, "up", 1000, ProgressBar::Shown::Hidden);
        bar.update(1000);
    }
    EXPECT_EQ(out.str(), "");
}

TEST(ProgressBar, TheRateLeavesOutWhatWasThereBefore) {
    std::ostringstream out;
    {
        ProgressBar bar(out, "up", 1'000'000, ProgressBar::Shown::Yes);
        bar.set_begun_at(1'000'000);
        bar.update(1'000'000);
    }
    EXPECT_THAT(out.str(), HasSubstr("  0 B/s  "));
}

}  // namespace
}  // namespace zs::cli
