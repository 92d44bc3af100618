#pragma once

#include "async/task.hpp"
#include "core/data/collection.hpp"
#include "core/identity/principal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

struct CreatedCollection {
    Collection collection;
    bool existed = false;  // with the same projection
};

struct ProjectedCollection {
    Collection collection;
    std::uint64_t backfilled = 0;  // documents whose new columns were filled in this call
};

enum class Counting { Off, On };

// The catalogue of collections, and the tables behind them.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     NotFound "no_such_collection".
class CollectionStore {
public:
    virtual ~CollectionStore() = default;
    // By name.
    virtual async::Task<Result<std::vector<Collection>>> list(identity::Tenant tenant) = 0;
    virtual async::Task<Result<Collection>> find(identity::Tenant tenant, std::string name,
                                                 Counting counting) = 0;
    // Errors: Conflict "collection_exists", "table_exists"; InvalidArgument "invalid_projection"
    // when the table it names is missing.
    virtual async::Task<Result<CreatedCollection>> create(identity::Tenant tenant,
                                                          Collection collection) = 0;
    virtual async::Task<Result<void>> drop(identity::Tenant tenant, std::string name) = 0;
    // Changes the columns and fills them: at once when the documents are few, else in the
    // background. Errors: Unprocessable "backfill_failed", nothing changed; Conflict
    // "backfill_running".
    virtual async::Task<Result<ProjectedCollection>> project(
        identity::Tenant tenant, std::string name, std::optional<Projection> projection) = 0;
};

}  // namespace zs::data
