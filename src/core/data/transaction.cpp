#include "core/data/transaction.hpp"

#include <array>

namespace zs::data {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"active", "aborted", "committed",
                                                       "rolled_back", "expired"};
constexpr std::array<std::string_view, 4> kLevels = {"read_uncommitted", "read_committed",
                                                     "repeatable_read", "serializable"};

template <class T, std::size_t N>
Result<T> find_text(const std::array<std::string_view, N>& names, std::string_view text) {
    std::string accepted;
    for (std::size_t i = 0; i < N; ++i) {
        if (names[i] == text) return static_cast<T>(i);
        accepted += (accepted.empty() ? "" : ", ") + std::string(names[i]);
    }
    return invalid_argument("must be one of " + accepted);
}

}  // namespace

std::string_view to_text(TransactionStatus status) noexcept {
    return kStatuses[static_cast<std::size_t>(status)];
}

Result<TransactionStatus> parse_text(std::type_identity<TransactionStatus>, std::string_view text) {
    return find_text<TransactionStatus>(kStatuses, text);
}

std::string_view to_text(IsolationLevel level) noexcept {
    return kLevels[static_cast<std::size_t>(level)];
}

Result<IsolationLevel> parse_text(std::type_identity<IsolationLevel>, std::string_view text) {
    return find_text<IsolationLevel>(kLevels, text);
}

}  // namespace zs::data
