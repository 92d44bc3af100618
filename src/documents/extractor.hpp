#pragma once

#include "base/error.hpp"
#include "documents/document_batch.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::documents {

// What to take out of each document.
struct Extraction {
    // Keys, or dotted paths into nested objects. A key that is spelled like the path wins.
    std::vector<std::string> fields;
    // The key that stands for `_id` where a document has none.
    std::optional<std::string> id_field;
    // The id of documents that have none after all.
    std::optional<std::string> default_id;
    std::size_t depth_max = 64;
};

// Parses documents one by one, completely and strictly.
// Threading: one at a time.
class Extractor {
public:
    // Bytes behind a document's text that the parser may read; what they hold does not matter.
    static constexpr std::size_t kPadding = 64;

    explicit Extractor(Extraction wanted);
    ~Extractor();
    Extractor(Extractor&&) noexcept;
    Extractor& operator=(Extractor&&) noexcept;

    // Whether reading may go on behind a document that was not taken.
    enum class Outcome { Taken, Rejected, BadSyntax };
    // Adds `document`, whose text is padded, to the batch: taken or rejected.
    Outcome add(DocumentBatch& batch, Document document);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::documents
