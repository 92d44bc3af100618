#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/live_column.hpp"

#include <algorithm>
#include <shared_mutex>

// A column's graph on its way to the disk and back.
namespace zs::usearch {

bool LiveColumn::wants_snapshot() const {
    const std::shared_lock hold(mutex_);
    if (!graph_) return false;
    const auto changed = static_cast<double>(unsaved_);
    return unsaved_ >= limits::kUnsavedMin
           && changed >= limits::kUnsavedShare * static_cast<double>(graph_->size());
}

Result<std::optional<GraphSnapshot>> LiveColumn::snapshot_blocking() {
    GraphSnapshot snapshot;
    std::size_t saved = 0;
    {
        const std::shared_lock hold(mutex_);
        if (!graph_ || unsaved_ == 0) return std::optional<GraphSnapshot>();
        saved = unsaved_;
        snapshot.parameters = graph_->parameters();
        snapshot.dimensions = vectors_->dimensions();
        snapshot.magnitude_max = graph_->magnitude_max();
        snapshot.nodes.reserve(graph_->size());
        for (const Slot slot : graph_->slots()) {
            StoredNode node;
            const auto values = vectors_->vector(slot);
            node.is_dead = !vectors_->is_alive(slot);
            node.row_id = node.is_dead ? 0 : vectors_->row_id(slot);
            node.fingerprint = fingerprint_of(values);
            snapshot.nodes.push_back(node);
            if (!node.is_dead) continue;
            snapshot.dead_values.insert(snapshot.dead_values.end(), values.begin(), values.end());
        }
        const auto keep = [&](std::string_view bytes) -> Result<void> {
            snapshot.links += bytes;
            return {};
        };
        auto links = graph_->save(keep);
        if (!links) return std::move(links).error();
    }
    const std::unique_lock hold(mutex_);
    unsaved_ -= std::min(unsaved_, saved);
    return std::optional<GraphSnapshot>(std::move(snapshot));
}

Result<bool> LiveColumn::restore_blocking(const GraphSnapshot& snapshot) {
    std::shared_ptr<ColumnVectors> vectors;
    std::vector<Slot> slots;
    {
        const std::unique_lock hold(mutex_);
        const bool fits = wanted_ == snapshot.parameters && vectors_
                          && vectors_->dimensions() == snapshot.dimensions;
        if (!fits || graph_ || building_) return false;
        auto matched = match_nodes_locked(snapshot);
        if (!matched) return std::move(matched).error();
        if (matched->empty()) return false;
        slots = std::move(*matched);
        vectors = vectors_;
        building_ = true;
        built_ = 0;
        to_build_ = slots.size();
    }
    auto graph = HnswGraph::make(snapshot.parameters, *vectors, snapshot.magnitude_max);
    Result<void> loaded =
        graph ? (*graph)->load(snapshot.links, std::move(slots)) : Result<void>(graph.error());
    const std::unique_lock hold(mutex_);
    building_ = false;
    const bool is_wanted = loaded && vectors == vectors_ && wanted_ == snapshot.parameters;
    adopt_locked(is_wanted ? std::move(*graph) : nullptr);
    if (!loaded) return std::move(loaded).error();
    if (is_wanted) unsaved_ = 0;
    return is_wanted;
}

// The slot of each node: the row's, when the row is what it was. For the others, whose values are
// not known any more, a stand-in that is walked over and never found; empty when they are many.
Result<std::vector<Slot>> LiveColumn::match_nodes_locked(const GraphSnapshot& snapshot) {
    std::vector<std::optional<Slot>> matched;
    matched.reserve(snapshot.nodes.size());
    std::size_t changed = 0;
    for (const StoredNode& node : snapshot.nodes) {
        const auto slot = node.is_dead ? std::nullopt : vectors_->find(node.row_id);
        const bool same = slot && fingerprint_of(vectors_->vector(*slot)) == node.fingerprint;
        matched.push_back(same ? slot : std::nullopt);
        if (!same && !node.is_dead) ++changed;
    }
    const double share = static_cast<double>(changed);
    if (share > limits::kStandInShareMax * static_cast<double>(matched.size())) {
        return std::vector<Slot>();
    }
    std::vector<Slot> slots;
    slots.reserve(matched.size());
    std::size_t dead = 0;
    for (std::size_t i = 0; i < matched.size(); ++i) {
        if (matched[i]) {
            slots.push_back(*matched[i]);
            continue;
        }
        std::vector<float> values(snapshot.dimensions);
        if (snapshot.nodes[i].is_dead) {
            const float* const kept = snapshot.dead_values.data() + dead * snapshot.dimensions;
            values.assign(kept, kept + snapshot.dimensions);
            ++dead;
        } else if (const auto slot = vectors_->find(snapshot.nodes[i].row_id)) {
            const auto now = vectors_->vector(*slot);
            values.assign(now.begin(), now.end());
        }
        const auto stand_in = vectors_->add_dead(values);
        if (!stand_in) return stand_in.error();
        dead_.push_back(*stand_in);
        slots.push_back(*stand_in);
    }
    return slots;
}

}  // namespace zs::usearch
