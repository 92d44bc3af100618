#pragma once

#include "core/data/collection.hpp"
#include "documents/document_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace zs::data {

// What to do with a document whose `_id` is there already.
enum class OnConflict : std::uint8_t { Error, Replace, Ignore };
std::string_view to_text(OnConflict choice) noexcept;
Result<OnConflict> parse_text(std::type_identity<OnConflict>, std::string_view text);

// What to do about a document that cannot be stored.
enum class OnError : std::uint8_t { Skip, Abort };
std::string_view to_text(OnError choice) noexcept;
Result<OnError> parse_text(std::type_identity<OnError>, std::string_view text);

// A document that was not stored, and why.
struct DocumentError {
    std::uint64_t index = 0;   // in the stream, from 0
    std::uint64_t line = 1;    // from 1
    std::uint64_t offset = 0;  // bytes of the stream before it
    std::string code;
    std::string message;
};

struct IngestCounts {
    std::uint64_t ingested = 0;
    std::uint64_t ignored = 0;   // on_conflict=ignore
    std::uint64_t replaced = 0;  // of the ingested
    std::uint64_t errors = 0;
    std::uint64_t batches = 0;
};

// How far a stream with an Idempotency-Key came. Kept in the commit of the documents it counts.
struct StreamState {
    std::string key;
    std::string request_hash;  // of what must be the same when it is taken up again
    documents::Position position;
    IngestCounts counts;
};

struct IngestRequest {
    std::string collection;
    documents::Form form = documents::Form::Lines;
    std::optional<std::string> id_field;
    OnConflict on_conflict = OnConflict::Error;
    OnError on_error = OnError::Skip;
    std::optional<std::uint64_t> errors_max;  // more of them end the call
    bool atomic = false;
    bool dry_run = false;
    // A collection that gets what could not be stored, in the same commits.
    std::optional<std::string> dead_letter;
    std::string stream_key;  // "" for none
    std::string request_hash;
    // The body begins here in the stream. Without it, a known stream's body begins at 0 and what is
    // committed already is skipped.
    std::optional<std::uint64_t> resume_from;
};

struct IngestReport {
    IngestCounts counts;
    std::uint64_t bytes = 0;            // of the stream, decoded
    std::uint64_t committed_bytes = 0;  // of the stream, behind the last commit
    std::vector<DocumentError> errors;  // the first ones
    bool replayed = false;              // all of it was committed before this call
};

}  // namespace zs::data
