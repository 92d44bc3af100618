#include "adapters/sqlite_data/dead_letters.hpp"

#include "base/json.hpp"
#include "core/data/collection_service.hpp"
#include "core/data/document_limits.hpp"

#include <limits>

namespace zs::sqlite_data {

void DeadLetters::add(const std::string& collection, const documents::Document& document,
                      std::string_view code, std::string_view message) {
    const std::string_view text = document.json.substr(0, data::limits::kDeadLetterBytes);
    lines_ += R"({"collection":)";
    append_json_string(lines_, collection);
    lines_ += R"(,"index":)" + std::to_string(document.index);
    lines_ += R"(,"line":)" + std::to_string(document.line);
    lines_ += R"(,"offset":)" + std::to_string(document.offset);
    lines_ += R"(,"error":)";
    append_json_string(lines_, code);
    lines_ += R"(,"message":)";
    append_json_string(lines_, message);
    // As text: it need not be JSON. Bytes that are no UTF-8 are replaced.
    lines_ += R"(,"document":)";
    append_json_string(lines_, text);
    const bool whole = text.size() == document.json.size() && code != "document_too_large";
    lines_ += whole ? "}\n"
                    : R"(,"truncated":true})"
                      "\n";
}

data::DocumentWrite DeadLetters::as_write(const data::DocumentScope& scope) const {
    constexpr auto kAll = std::numeric_limits<std::size_t>::max();
    documents::ReaderLimits limits;
    limits.document_bytes_max = kAll;
    limits.batch_documents_max = kAll;
    limits.batch_bytes_max = kAll;
    documents::DocumentReader reader(documents::Form::Lines, data::extraction_of(*scope.collection),
                                     limits);
    reader.feed(lines_);
    reader.finish();
    data::DocumentWrite write;
    write.scope = scope;
    write.errors_max = std::numeric_limits<std::uint64_t>::max();
    write.batches.push_back(reader.take());
    return write;
}

}  // namespace zs::sqlite_data
