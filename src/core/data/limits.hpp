#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace zs::data::limits {

// The changes of one commit that subscribers are shown row by row; beyond it they hear "too large".
inline constexpr std::size_t kChangeSetBytesMax = std::size_t{64} << 20;

// Rows that a write with RETURNING may hold back until it is durable.
inline constexpr std::size_t kReturningBytesMax = std::size_t{64} << 20;
// The same for all writes of one database together.
inline constexpr std::size_t kReturningBytesAtOnceMax = std::size_t{256} << 20;

// Ended transactions that can still be asked about.
inline constexpr std::size_t kEndedTransactionsMax = 10'000;
inline constexpr std::chrono::hours kEndedTransactionsKept{1};

// How often expired and idle transactions are looked for; the contract promises one second.
inline constexpr std::chrono::milliseconds kTransactionSweep{250};

// Vectors: http-api.md sections 1.6 and 6.
inline constexpr std::size_t kVectorDimensionsDefault = 8192;  // ZVEC_MAX_DIM
// What ZVEC_MAX_DIM may be set to. Columns that are there are read up to here, whatever it is now.
inline constexpr std::size_t kVectorDimensionsCeiling = 32'768;
inline constexpr std::size_t kVectorTopKMax = 10'000;
inline constexpr std::size_t kVectorEfMax = 10'000;
inline constexpr std::size_t kVectorEfDefault = 64;
inline constexpr std::size_t kVectorQueriesMax = 1000;
inline constexpr std::size_t kVectorsGivenMax = 100'000;
inline constexpr std::size_t kVectorFilterBytesMax = 64 * 1024;
inline constexpr std::uint32_t kHnswMMin = 4;
inline constexpr std::uint32_t kHnswMMax = 64;
inline constexpr std::uint32_t kHnswEfConstructionMin = 16;
inline constexpr std::uint32_t kHnswEfConstructionMax = 2048;
inline constexpr std::size_t kVectorIndexesMax = 256;  // per tenant

// Sessions whose SET is remembered; beyond it the one set first is forgotten.
inline constexpr std::size_t kSessionSettingsMax = 10'000;

// Full text, and searches that merge it with vectors.
inline constexpr std::size_t kTextColumnsMax = 32;
inline constexpr std::size_t kTextQueryBytesMax = 8192;
inline constexpr std::size_t kTextQueryWordsMax = 256;
inline constexpr std::size_t kTextTopKMax = 10'000;
// How far a filtered search looks for rows that pass.
inline constexpr std::size_t kTextCandidatesMax = 1'000'000;

}  // namespace zs::data::limits

namespace zs::data {

// Limits of http-api.md section 1.6; the defaults are the contract's.
struct SqlLimits {
    std::size_t text_bytes_max = 1'048'576;
    std::size_t params_max = 1000;
    std::chrono::milliseconds timeout_default{30'000};
    std::chrono::milliseconds timeout_max{300'000};  // what a call may ask for
    std::uint64_t rows_default = 10'000;
    std::uint64_t rows_max = 100'000;  // what a call may ask for
};

// Limits of http-api.md section 5.
struct TransactionLimits {
    std::chrono::seconds timeout_default{300};
    std::chrono::seconds timeout_max{3600};
    std::size_t active_per_principal_max = 10;
    std::chrono::milliseconds lock_wait{5000};
    std::chrono::milliseconds write_idle{5000};
};

}  // namespace zs::data
