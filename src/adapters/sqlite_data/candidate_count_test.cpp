#include "adapters/sqlite_data/candidate_count.hpp"

#include "core/data/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

namespace zs::sqlite_data {
namespace {

constexpr double kRowsPerCandidate = 48;

// A search in a table where exactly `passing` of the rows pass the filter, wherever one looks.
struct Searched {
    std::size_t times = 0;
    std::size_t candidates = 0;
    bool found = false;
    double learnt = 0;
};
Searched search(std::size_t wanted, std::int64_t rows, double passing, double expected) {
    Searched done;
    CandidateCount count(wanted, rows, true);
    done.learnt = expected;
    for (std::size_t asked = count.first(expected); asked != 0;) {
        const auto passed = static_cast<std::size_t>(static_cast<double>(asked) * passing);
        ++done.times;
        done.candidates += asked;
        done.learnt = CandidateCount::share(passed, asked);
        done.found = passed >= wanted;
        if (done.found) return done;
        asked = count.next(asked, passed);
    }
    // Every row is compared, which tells how many pass.
    const auto passed = static_cast<std::size_t>(static_cast<double>(rows) * passing);
    done.learnt = CandidateCount::share(passed, static_cast<std::size_t>(rows));
    return done;
}

TEST(CandidateCount, WithoutAFilterAsManyAsAreWanted) {
    CandidateCount few(5, 10, false);
    EXPECT_EQ(few.first(1), 5U);
    EXPECT_EQ(few.next(5, 4), 18U);
    CandidateCount many(10'001, 1'000'000, false);
    EXPECT_EQ(many.first(1), 0U);
}

TEST(CandidateCount, AFilterThatMostRowsPassIsLookedAtOnce) {
    for (const std::int64_t rows : {3000, 30'000, 1'000'000}) {
        auto first = search(10, rows, 0.5, CandidateCount::kFirstGuess);
        EXPECT_TRUE(first.found) << rows;
        EXPECT_EQ(first.times, 1U) << rows;
        auto again = search(10, rows, 0.5, first.learnt);
        EXPECT_TRUE(again.found) << rows;
        EXPECT_LE(again.candidates, first.candidates) << rows;
    }
}

TEST(CandidateCount, WhatIsLearntMakesASelectiveFilterCheap) {
    for (const std::int64_t rows : {100, 3000, 30'000, 300'000, 3'000'000}) {
        for (const double passing : {0.0, 0.000'001, 0.000'1, 0.001, 0.01, 0.05}) {
            const auto first = search(10, rows, passing, CandidateCount::kFirstGuess);
            const auto again = search(10, rows, passing, first.learnt);
            const double scan = static_cast<double>(rows);
            const double cost = static_cast<double>(again.candidates) * kRowsPerCandidate;
            if (again.found) {
                EXPECT_LE(cost, scan) << rows << " " << passing;
            } else {
                EXPECT_LE(cost, scan * 0.035) << rows << " " << passing;
            }
        }
    }
}

TEST(CandidateCount, TheFirstTimeCostsLittleToo) {
    for (const std::int64_t rows : {30'000, 300'000, 3'000'000}) {
        const auto first = search(10, rows, 0, CandidateCount::kFirstGuess);
        EXPECT_FALSE(first.found);
        const double cost = static_cast<double>(first.candidates) * kRowsPerCandidate;
        EXPECT_LE(cost, static_cast<double>(rows) * 0.125) << rows;
    }
}

TEST(CandidateCount, OnePercentIsWorthTheIndexOnceItIsKnown) {
    const auto first = search(10, 300'000, 0.01, CandidateCount::kFirstGuess);
    EXPECT_TRUE(search(10, 300'000, 0.01, first.learnt).found);
}

// After values that nothing passed come values that everything passes.
TEST(CandidateCount, WhatIsLearntIsDoubtedWhereThatIsCheap) {
    EXPECT_TRUE(search(10, 100'000, 0.9, CandidateCount::share(0, 100'000)).found);
    const auto small = search(10, 3000, 0.9, CandidateCount::share(0, 3000));
    EXPECT_FALSE(small.found);
    EXPECT_TRUE(search(10, 3000, 0.9, small.learnt).found);
}

TEST(CandidateCount, NeverMoreThanAnIndexGives) {
    for (const std::size_t wanted : {1U, 100U, 9999U, 10'000U}) {
        for (const double passing : {0.000'01, 0.1, 1.0}) {
            CandidateCount count(wanted, 1'000'000'000, true);
            std::size_t asked = count.first(passing);
            while (asked != 0) {
                ASSERT_LE(asked, data::limits::kVectorTopKMax);
                asked = count.next(asked, asked / 3);
            }
        }
    }
}

}  // namespace
}  // namespace zs::sqlite_data
