#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace zs::data {

struct TransactionTag;
using TransactionId = Id<TransactionTag>;

// active -> committed | rolled_back | expired | aborted;  aborted -> rolled_back.
enum class TransactionStatus { Active, Aborted, Committed, RolledBack, Expired };
std::string_view to_text(TransactionStatus status) noexcept;  // active, rolled_back, …
Result<TransactionStatus> parse_text(std::type_identity<TransactionStatus>, std::string_view text);

// A minimum: what is given may be stronger.
enum class IsolationLevel { ReadUncommitted, ReadCommitted, RepeatableRead, Serializable };
std::string_view to_text(IsolationLevel level) noexcept;  // read_committed, …
Result<IsolationLevel> parse_text(std::type_identity<IsolationLevel>, std::string_view text);

struct BeginTransaction {
    std::optional<IsolationLevel> isolation_level;
    std::optional<std::int64_t> timeout_seconds;
    bool read_only = false;
    bool write = false;  // take the write lock now
};

// A transaction as its owner sees it.
struct TransactionInfo {
    TransactionId id;
    TransactionStatus status = TransactionStatus::Active;
    IsolationLevel isolation_level = IsolationLevel::Serializable;
    bool read_only = false;
    Timestamp created_at;
    Timestamp expires_at;
    Timestamp last_activity;
    std::uint64_t operations_count = 0;  // statements that succeeded
    std::optional<Timestamp> ended_at;   // committed_at, rolled_back_at
    std::string end_reason;              // "idle", "session_ended", "serialization_failure", …
};

}  // namespace zs::data
