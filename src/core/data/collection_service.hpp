#pragma once

#include "core/data/collection_store.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/document_store.hpp"
#include "core/identity/audit_log.hpp"
#include "core/identity/page.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

struct DocumentListRequest {
    std::string filter;  // JSON; "" for all
    std::string sort;
    identity::PageRequest page;
};

// Collections and single documents: http-api.md section 7. The right on collections is checked
// before; here it becomes the right on the collection's table.
// Threading: any. Lifetime: the stores, the clock and the audit log outlive it.
// Errors:    as CollectionStore and DocumentStore; InvalidArgument for names, projections, filters.
class CollectionService {
public:
    CollectionService(CollectionStore& collections, DocumentStore& documents, const Clock& clock,
                      IngestLimits limits, identity::AuditLog& audit);

    async::Task<Result<std::vector<Collection>>> list(identity::PrincipalPtr principal);
    async::Task<Result<Collection>> find(identity::PrincipalPtr principal, std::string name);
    async::Task<Result<CreatedCollection>> create(identity::PrincipalPtr principal,
                                                  std::string name, boost::json::value projection);
    async::Task<Result<void>> drop(identity::PrincipalPtr principal, identity::Client client,
                                   std::string name);
    async::Task<Result<ProjectedCollection>> project(identity::PrincipalPtr principal,
                                                     std::string name,
                                                     boost::json::value projection);

    async::Task<Result<StoredDocument>> find_document(identity::PrincipalPtr principal,
                                                      std::string name, std::string id);
    // Stores `json`, one object, under `id`. True: it was not there before.
    async::Task<Result<bool>> put_document(identity::PrincipalPtr principal, std::string name,
                                           std::string id, std::string json);
    async::Task<Result<StoredDocument>> merge_document(identity::PrincipalPtr principal,
                                                       std::string name, std::string id,
                                                       boost::json::object patch);
    async::Task<Result<void>> remove_document(identity::PrincipalPtr principal, std::string name,
                                              std::string id);
    async::Task<Result<identity::Page<FoundDocument>>> list_documents(
        identity::PrincipalPtr principal, std::string name, DocumentListRequest request);

    // What an export reads piece by piece, from behind the document `id` when that is given. That
    // it begins is audited. Errors: NotFound, "no_such_document" when there is no such `id`.
    async::Task<Result<DocumentScope>> begin_export(identity::PrincipalPtr principal,
                                                    identity::Client client, std::string name,
                                                    std::string id);
    async::Task<Result<DocumentPiece>> read_piece(DocumentScope scope, DocumentCursor after);

private:
    async::Task<Result<DocumentScope>> open(identity::PrincipalPtr principal, std::string name);

    CollectionStore& collections_;
    DocumentStore& documents_;
    const Clock& clock_;
    IngestLimits limits_;
    identity::AuditLog& audit_;
};

// The caller's rights, with the right on collections as the right on this one's table.
DocumentScope scope_of(const identity::Principal& principal, Collection collection);

// What the reader takes out of each document of `collection`.
documents::Extraction extraction_of(const Collection& collection);

}  // namespace zs::data
