#include "adapters/usearch/column_registry.hpp"

#include "adapters/usearch/limits.hpp"
#include "base/encoding.hpp"

#include <algorithm>

namespace zs::usearch {
namespace {

bool is_about(const data::ChangeSet& changes, std::string_view table) {
    const auto is_table = [&](const std::string& name) {
        return equals_ignoring_case(name, table);
    };
    if (changes.too_large) {
        return !changes.tables || std::ranges::any_of(*changes.tables, is_table);
    }
    // A commit is mostly about one table: the first row tells.
    return std::ranges::any_of(
        changes.changes, [&](const data::RowChange& change) { return is_table(change.table); });
}

}  // namespace

data::VectorColumn key_of(const data::VectorColumn& column) {
    data::VectorColumn key;
    key.tenant = column.tenant;
    key.table = to_lower(column.table);
    key.column = to_lower(column.column);
    return key;
}

void ColumnRegistry::on_commit(const std::shared_ptr<const data::ChangeSet>& changes) {
    std::vector<LiveColumnPtr> columns;
    std::function<void(const LiveColumnPtr&)> news;
    {
        const std::lock_guard hold(mutex_);
        const auto tenant = tenants_.find(changes->tenant);
        if (tenant == tenants_.end()) return;
        if (changes->too_large) {
            tenant->second.definitions.reset();
            ++tenant->second.generation;
        }
        for (const auto& [key, column] : tenant->second.columns)
            columns.push_back(column);
        news = news_;
    }
    for (const LiveColumnPtr& column : columns) {
        if (!is_about(*changes, column->id().table)) continue;
        column->enqueue(changes);
        if (news) news(column);
    }
}

void ColumnRegistry::close() {
    const std::lock_guard hold(mutex_);
    news_ = nullptr;
    for (const auto& [name, tenant] : tenants_) {
        for (const auto& [key, column] : tenant.columns)
            column->stop();
    }
}

LiveColumnPtr ColumnRegistry::find(const data::VectorColumn& id) {
    const std::lock_guard hold(mutex_);
    const auto tenant = tenants_.find(id.tenant);
    if (tenant == tenants_.end()) return nullptr;
    const auto column = tenant->second.columns.find(id);
    if (column == tenant->second.columns.end()) return nullptr;
    column->second->used();
    return column->second;
}

LiveColumnPtr ColumnRegistry::keep(LiveColumnPtr made) {
    LiveColumnPtr evicted;
    const std::lock_guard hold(mutex_);
    auto& columns = tenants_[made->id().tenant].columns;
    const auto [at, is_new] = columns.emplace(made->id(), made);
    at->second->used();
    LiveColumnPtr kept = at->second;
    if (!is_new || ++columns_ <= limits::kColumnsMax) return kept;
    std::map<data::VectorColumn, LiveColumnPtr>* home = nullptr;
    for (auto& [name, tenant] : tenants_) {
        for (auto& [key, column] : tenant.columns) {
            if (column == kept || column.use_count() > 1) continue;
            if (evicted && evicted->last_use() <= column->last_use()) continue;
            evicted = column;
            home = &tenant.columns;
        }
    }
    if (evicted) columns_ -= home->erase(evicted->id());
    return kept;
}

void ColumnRegistry::remove(const LiveColumnPtr& column) {
    const std::lock_guard hold(mutex_);
    auto& columns = tenants_[column->id().tenant].columns;
    const auto found = columns.find(column->id());
    if (found == columns.end() || found->second != column) return;
    columns.erase(found);
    --columns_;
}

// Whoever has another reference got it from here, under the mutex.
bool ColumnRegistry::remove_unused(const LiveColumnPtr& column) {
    constexpr long kOursAndTheCallers = 2;
    const std::lock_guard hold(mutex_);
    auto& columns = tenants_[column->id().tenant].columns;
    const auto found = columns.find(column->id());
    if (found == columns.end() || found->second != column) return false;
    if (column.use_count() > kOursAndTheCallers) return false;
    columns.erase(found);
    --columns_;
    return true;
}

bool ColumnRegistry::forget_all_when_empty() {
    const std::lock_guard hold(mutex_);
    if (columns_ > 0) return false;
    for (auto& [name, tenant] : tenants_) {
        tenant.definitions.reset();
        ++tenant.generation;
    }
    return true;
}

std::vector<LiveColumnPtr> ColumnRegistry::all() {
    const std::lock_guard hold(mutex_);
    std::vector<LiveColumnPtr> out;
    for (const auto& [name, tenant] : tenants_) {
        for (const auto& [key, column] : tenant.columns)
            out.push_back(column);
    }
    return out;
}

DefinitionsPtr ColumnRegistry::definitions(const identity::Tenant& tenant,
                                           std::uint64_t& generation) {
    const std::lock_guard hold(mutex_);
    const Tenant& known = tenants_[tenant];
    generation = known.generation;
    return known.definitions;
}

void ColumnRegistry::remember(const identity::Tenant& tenant, std::uint64_t generation,
                              DefinitionsPtr definitions) {
    const std::lock_guard hold(mutex_);
    Tenant& known = tenants_[tenant];
    if (known.generation == generation) known.definitions = std::move(definitions);
}

void ColumnRegistry::forget_definitions(const identity::Tenant& tenant) {
    const std::lock_guard hold(mutex_);
    Tenant& known = tenants_[tenant];
    known.definitions.reset();
    ++known.generation;
}

}  // namespace zs::usearch
