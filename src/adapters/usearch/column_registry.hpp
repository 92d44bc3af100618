#pragma once

#include "adapters/usearch/live_column.hpp"
#include "core/data/change_capture.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace zs::usearch {

using LiveColumnPtr = std::shared_ptr<LiveColumn>;
using Definitions = std::vector<data::VectorIndexDefinition>;
using DefinitionsPtr = std::shared_ptr<const Definitions>;

// Which columns are in memory, and the definitions of their tenants; hands commits to the columns
// they are about.
// Threading: any. on_commit runs on writers' threads.
class ColumnRegistry final : public data::ChangeSubscriber {
public:
    // `news` is called on a writer's thread for each column that a commit changed.
    explicit ColumnRegistry(std::function<void(const LiveColumnPtr&)> news)
        : news_(std::move(news)) {}

    void on_commit(const std::shared_ptr<const data::ChangeSet>& changes) override;
    void close();  // nobody hears of news any more

    // Null when it is not in memory. `id` has lower-case names; see key_of.
    LiveColumnPtr find(const data::VectorColumn& id);
    // The one that is there already, or `made`. Another one may go to make room.
    LiveColumnPtr keep(LiveColumnPtr made);
    void remove(const LiveColumnPtr& column);
    // False: somebody besides the caller has it.
    bool remove_unused(const LiveColumnPtr& column);
    // When no column is there, forgets the definitions, too. False: there is one.
    bool forget_all_when_empty();
    std::vector<LiveColumnPtr> all();

    // Null: they have to be read. `generation` goes back into remember().
    DefinitionsPtr definitions(const identity::Tenant& tenant, std::uint64_t& generation);
    // Ignored when they changed since `generation`.
    void remember(const identity::Tenant& tenant, std::uint64_t generation,
                  DefinitionsPtr definitions);
    void forget_definitions(const identity::Tenant& tenant);

private:
    struct Tenant {
        std::map<data::VectorColumn, LiveColumnPtr> columns;
        DefinitionsPtr definitions;
        std::uint64_t generation = 0;
    };

    std::mutex mutex_;
    std::map<identity::Tenant, Tenant> tenants_;
    std::size_t columns_ = 0;
    std::function<void(const LiveColumnPtr&)> news_;
};

// SQL compares names without case; so does the registry.
data::VectorColumn key_of(const data::VectorColumn& column);

}  // namespace zs::usearch
