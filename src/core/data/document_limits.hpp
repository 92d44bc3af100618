#pragma once

#include "core/data/limits.hpp"

#include <cstddef>
#include <cstdint>

namespace zs::data::limits {

// Projections.
inline constexpr std::size_t kProjectedColumnsMax = 64;
inline constexpr std::size_t kPathBytesMax = 256;

inline constexpr std::size_t kCollectionsMax = 1000;  // per tenant
inline constexpr std::size_t kDocumentIdBytesMax = 512;

// Lists of documents.
inline constexpr std::size_t kFilterConditionsMax = 16;
inline constexpr std::size_t kFilterListMax = 100;
inline constexpr std::size_t kSortKeysMax = 4;

// Documents that a commit of a stream waits for; a faster stream gets larger ones.
inline constexpr std::size_t kIngestBatchMin = 1000;
// Errors that are told one by one; all are counted.
inline constexpr std::size_t kDocumentErrorsMax = 100;
// Of a document that goes to the dead letters, this much of its text.
inline constexpr std::size_t kDeadLetterBytes = std::size_t{64} << 10;
// Ids that are told of a commit; all documents are counted.
inline constexpr std::size_t kToldIdsMax = 100;
// How often in a row a batch is taken apart anew because the projection changed meanwhile.
inline constexpr int kProjectionRetriesMax = 5;
// One commit of everything needs it in memory.
inline constexpr std::uint64_t kAtomicDocumentsMax = 100'000;
inline constexpr std::uint64_t kAtomicBytesMax = std::uint64_t{64} << 20;

// Documents whose new columns are filled while the caller waits.
inline constexpr std::uint64_t kBackfillAtOnceMax = 10'000;
// Documents in one piece of a longer back-fill, between which other writers have their turn.
inline constexpr std::uint64_t kBackfillSlice = 1000;

// An exported piece.
inline constexpr std::size_t kExportPieceBytes = std::size_t{256} << 10;

}  // namespace zs::data::limits

namespace zs::data {

// http-api.md sections 1.6 and 7.
struct IngestLimits {
    std::uint64_t body_bytes_max = 0;                       // ZLIMIT_INGEST; 0: none
    std::size_t document_bytes_max = std::size_t{1} << 20;  // ZLIMIT_DOC
    std::size_t batch_documents_max = 10'000;               // ZINGEST_BATCH
    std::size_t batch_bytes_max = std::size_t{4} << 20;     // ZINGEST_BATCH_BYTES
    std::size_t streams_max = 64;                           // ZINGEST_STREAMS, at once
    // ZVEC_MAX_DIM, of projected columns
    std::size_t vector_dimensions_max = limits::kVectorDimensionsDefault;
};

}  // namespace zs::data
