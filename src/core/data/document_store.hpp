#pragma once

#include "async/deadline.hpp"
#include "async/task.hpp"
#include "core/data/collection.hpp"
#include "core/data/document_query.hpp"
#include "core/data/ingest.hpp"
#include "core/data/sql_request.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

// Whose documents, and with which rights on tables besides the collection's own.
struct DocumentScope {
    identity::Tenant tenant;
    std::shared_ptr<const identity::Rights> rights;
    CollectionPtr collection;
};

using DocumentBatches = std::vector<std::shared_ptr<const documents::DocumentBatch>>;

struct DocumentWrite {
    DocumentScope scope;
    DocumentBatches batches;
    OnConflict on_conflict = OnConflict::Error;
    std::uint64_t errors_max = 0;  // one more stops before the document that is it
    bool atomic = false;           // an error undoes everything
    bool dry_run = false;          // everything is undone
    // Each document that is passed over becomes a document here, in the same commit. When that is
    // impossible nothing is written: Unprocessable "dead_letter_failed".
    std::optional<DocumentScope> dead_letters;
    // What the stream came to before; kept together with the documents, counted on. A stream that
    // stopped is kept as being before the document that stopped it, which is not counted.
    std::optional<StreamState> stream;
};

struct DocumentWritten {
    IngestCounts counts;
    std::vector<DocumentError> errors;  // the first ones
    std::vector<std::string> ids;       // of what was stored, the first ones
    bool stopped = false;               // by errors_max, or by any error of an atomic write
    documents::Position stopped_at;     // before the document that was one error too many
};

// What a stream came to with a write that was not undone.
StreamState stream_behind(StreamState before, const DocumentWritten& written);

struct StoredDocument {
    std::string id;
    std::string timestamp;
    std::string json;
};

// A place in the order of storing: behind a row, or behind the document `id` when that is given.
struct DocumentCursor {
    std::int64_t row = 0;
    std::string id;
};

// A piece of a collection in the order of storing, as text for export.
struct DocumentPiece {
    std::string text;  // whole lines
    std::uint64_t count = 0;
    std::optional<std::int64_t> next;  // where to go on; nullopt at the end
};

// The documents of collections.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     Conflict "collection_changed" when `scope.collection` is no longer what is stored:
//             look it up again; NotFound "no_such_document"; and those of SqlEngine.
class DocumentStore {
public:
    virtual ~DocumentStore() = default;
    virtual async::Task<Result<DocumentWritten>> write(DocumentWrite write) = 0;
    virtual async::Task<Result<StoredDocument>> find(DocumentScope scope, std::string id) = 0;
    // Replaces the document by what RFC 7396 makes of it and `patch`.
    virtual async::Task<Result<StoredDocument>> merge(DocumentScope scope, std::string id,
                                                      boost::json::object patch) = 0;
    virtual async::Task<Result<void>> remove(DocumentScope scope, std::string id) = 0;
    // One more than query.limit when there are more.
    virtual async::Task<Result<std::vector<FoundDocument>>> list(DocumentScope scope,
                                                                 DocumentQuery query) = 0;
    // Some of the documents stored behind `after`.
    virtual async::Task<Result<DocumentPiece>> read_piece(DocumentScope scope,
                                                          DocumentCursor after) = 0;
    // nullopt when nothing is known of it. Forgets what is older than a day.
    virtual async::Task<Result<std::optional<StreamState>>> stream(identity::Tenant tenant,
                                                                   std::string key) = 0;
};

}  // namespace zs::data
