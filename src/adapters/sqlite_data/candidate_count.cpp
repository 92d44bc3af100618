#include "adapters/sqlite_data/candidate_count.hpp"

#include "core/data/limits.hpp"

#include <algorithm>

namespace zs::sqlite_data {
namespace {

constexpr std::size_t kMax = data::limits::kVectorTopKMax;
constexpr double kMargin = 1.25;
constexpr std::size_t kSpare = 8;

// A candidate is found, looked up and filtered on its own: meanwhile so many rows are compared.
constexpr std::size_t kRowsPerCandidate = 48;

// Looking against what was learnt (other values of the filter may pass more often), and looking
// again when hardly anything speaks for it, cost at most this part of comparing every row.
constexpr std::size_t kProbeShare = 32;
constexpr std::size_t kDoubtfulShare = 8;

}  // namespace

CandidateCount::CandidateCount(std::size_t wanted, std::int64_t table_rows, bool filtered)
    : wanted_(wanted),
      filtered_(filtered),
      worth_(static_cast<std::size_t>(std::max<std::int64_t>(table_rows, 0)) / kRowsPerCandidate),
      doubtful_max_(worth_ / kDoubtfulShare) {}

double CandidateCount::share(std::size_t passed, std::size_t rows) {
    if (rows == 0) return kFirstGuess;
    return std::min(1.0, std::max(static_cast<double>(passed), 0.5) / static_cast<double>(rows));
}

std::size_t CandidateCount::needed(double passing) const {
    const double count = static_cast<double>(wanted_) / passing * kMargin;
    return count > static_cast<double>(kMax) ? kMax + 1 : static_cast<std::size_t>(count) + kSpare;
}

std::size_t CandidateCount::first(double passing) {
    if (!filtered_) return wanted_ <= kMax ? wanted_ : 0;
    const std::size_t likely = needed(passing);
    if (likely <= std::min(worth_, kMax)) return likely;
    doubtful_max_ = worth_ / kProbeShare;
    const std::size_t probe = needed(kFirstGuess);
    return probe <= std::min(doubtful_max_, kMax) ? probe : 0;
}

std::size_t CandidateCount::next(std::size_t asked, std::size_t passed) {
    spent_ += asked;
    const std::size_t more = std::max(asked * 2 + kSpare, needed(share(passed, asked)));
    if (more > kMax) return 0;
    if (!filtered_) return more;
    const bool doubtful = passed * 4 < wanted_;
    return spent_ + more <= (doubtful ? doubtful_max_ : worth_) ? more : 0;
}

}  // namespace zs::sqlite_data
