#pragma once

#include <cstddef>
#include <cstdint>

namespace zs::sqlite_data {

// How many candidates an index is asked for on behalf of one search, so that asking in vain costs
// little beside comparing every row, which is what then has to be done.
class CandidateCount {
public:
    // `wanted` rows have to pass the filter, if there is one, out of about `table_rows`.
    CandidateCount(std::size_t wanted, std::int64_t table_rows, bool filtered);

    // To begin with, where `passing` is the share of rows that is expected to pass. 0: compare.
    std::size_t first(double passing);
    // After `passed` of `asked` candidates did, which was too few. 0: compare.
    std::size_t next(std::size_t asked, std::size_t passed);

    // What is known of the share then; never 0, so that it stays a guess.
    static double share(std::size_t passed, std::size_t rows);
    // Of a filter about which nothing is known yet.
    static constexpr double kFirstGuess = 0.25;

private:
    std::size_t needed(double passing) const;

    std::size_t wanted_;
    bool filtered_;
    std::size_t worth_;  // so many candidates cost as much as comparing every row
    std::size_t doubtful_max_;
    std::size_t spent_ = 0;
};

}  // namespace zs::sqlite_data
