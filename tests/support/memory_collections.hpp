#pragma once

#include "base/clock.hpp"
#include "core/data/collection_store.hpp"
#include "core/data/document_store.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zs::testing {

// Collections and documents in memory, by the rules of both ports. A projection fills nothing but
// is held to: what it asks of documents, new ones have to give.
// Threading: any. Durability: none.
class MemoryCollections final : public data::CollectionStore, public data::DocumentStore {
public:
    explicit MemoryCollections(const Clock& clock) : clock_(clock) {}

    // Runs before each write, which answers what it answers when that is an error.
    std::function<Result<void>(const data::DocumentWrite&)> before_write;

    async::Task<Result<std::vector<data::Collection>>> list(identity::Tenant tenant) override;
    async::Task<Result<data::Collection>> find(identity::Tenant tenant, std::string name,
                                               data::Counting counting) override;
    async::Task<Result<data::CreatedCollection>> create(identity::Tenant tenant,
                                                        data::Collection collection) override;
    async::Task<Result<void>> drop(identity::Tenant tenant, std::string name) override;
    async::Task<Result<data::ProjectedCollection>> project(
        identity::Tenant tenant, std::string name,
        std::optional<data::Projection> projection) override;

    async::Task<Result<data::DocumentWritten>> write(data::DocumentWrite write) override;
    async::Task<Result<data::StoredDocument>> find(data::DocumentScope scope,
                                                   std::string id) override;
    async::Task<Result<data::StoredDocument>> merge(data::DocumentScope scope, std::string id,
                                                    boost::json::object patch) override;
    async::Task<Result<void>> remove(data::DocumentScope scope, std::string id) override;
    async::Task<Result<std::vector<data::FoundDocument>>> list(data::DocumentScope scope,
                                                               data::DocumentQuery query) override;
    async::Task<Result<data::DocumentPiece>> read_piece(data::DocumentScope scope,
                                                        data::DocumentCursor after) override;
    async::Task<Result<std::optional<data::StreamState>>> stream(identity::Tenant tenant,
                                                                 std::string key) override;

private:
    struct Kept {
        data::Collection collection;
        std::map<std::int64_t, data::StoredDocument> rows;
        std::map<std::string, std::int64_t> by_id;
        std::int64_t last_row = 0;
    };
    struct Tenant {
        std::map<std::string, Kept> collections;
        std::map<std::string, data::StreamState> streams;
    };

    Result<Kept*> look_up(const identity::Tenant& tenant, const std::string& name);
    Result<Kept*> current(const data::DocumentScope& scope);
    Result<data::DocumentWritten> write_locked(const data::DocumentWrite& write);
    std::optional<data::DocumentError> store(Kept& kept, const data::DocumentWrite& write,
                                             const documents::DocumentBatch& batch,
                                             const documents::Document& document,
                                             data::DocumentWritten& written);

    const Clock& clock_;
    std::mutex mutex_;
    std::map<identity::Tenant, Tenant> tenants_;
};

}  // namespace zs::testing
