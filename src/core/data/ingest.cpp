#include "core/data/document_store.hpp"

#include <array>

namespace zs::data {
namespace {

constexpr std::array<std::string_view, 3> kConflicts = {"error", "replace", "ignore"};
constexpr std::array<std::string_view, 2> kErrors = {"skip", "abort"};

template <class T, class Names>
Result<T> find_choice(const Names& names, std::string_view text, std::string_view accepted) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return static_cast<T>(i);
    }
    return invalid_argument("must be " + std::string(accepted));
}

}  // namespace

StreamState stream_behind(StreamState before, const DocumentWritten& written) {
    IngestCounts& counts = before.counts;
    counts.ingested += written.counts.ingested;
    counts.ignored += written.counts.ignored;
    counts.replaced += written.counts.replaced;
    counts.errors += written.counts.errors;
    ++counts.batches;
    if (!written.stopped) return before;
    before.position = written.stopped_at;
    --counts.errors;
    return before;
}

std::string_view to_text(OnConflict choice) noexcept {
    return kConflicts[static_cast<std::size_t>(choice)];
}

Result<OnConflict> parse_text(std::type_identity<OnConflict>, std::string_view text) {
    return find_choice<OnConflict>(kConflicts, text, "error, replace or ignore");
}

std::string_view to_text(OnError choice) noexcept {
    return kErrors[static_cast<std::size_t>(choice)];
}

Result<OnError> parse_text(std::type_identity<OnError>, std::string_view text) {
    return find_choice<OnError>(kErrors, text, "skip or abort");
}

}  // namespace zs::data
