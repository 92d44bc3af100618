#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/live_column.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <random>
#include <shared_mutex>

// How a column's graph comes to be, grows and is checked.
namespace zs::usearch {

bool LiveColumn::want_graph_blocking(const std::optional<data::HnswParameters>& parameters) {
    {
        const std::shared_lock hold(mutex_);
        if (wanted_ == parameters && (!parameters || graph_ || building_)) return false;
    }
    const std::unique_lock hold(mutex_);
    if (wanted_ != parameters) {
        wanted_ = parameters;
        graph_.reset();
        in_graph_.clear();
        pending_.clear();
        pending_order_.clear();
        pending_count_ = 0;
        dead_nodes_ = 0;
        recall_.reset();
        if (!building_) {
            for (const Slot slot : dead_)
                vectors_->release(slot);
            dead_.clear();
        }
    }
    return wanted_ && !graph_ && !building_;
}

Result<void> LiveColumn::build_blocking(std::size_t threads) {
    while (!stopping_) {
        std::shared_ptr<ColumnVectors> vectors;
        std::vector<Slot> slots;
        data::HnswParameters parameters;
        {
            const std::unique_lock hold(mutex_);
            drain_locked();
            if (!wanted_ || !vectors_ || building_) return {};
            building_ = true;
            parameters = *wanted_;
            vectors = vectors_;
            slots.reserve(vectors->alive());
            for (Slot slot = 0; slot < vectors->slots(); ++slot) {
                if (vectors->is_alive(slot)) slots.push_back(slot);
            }
            built_ = 0;
            to_build_ = slots.size();
        }
        auto graph = fill_graph(parameters, *vectors, slots, threads);
        const std::unique_lock hold(mutex_);
        building_ = false;
        const bool is_wanted = graph && *graph && vectors == vectors_ && wanted_ == parameters;
        adopt_locked(is_wanted ? std::move(*graph) : nullptr);
        if (!graph) return std::move(graph).error();
        if (is_wanted) return {};
    }
    return {};
}

// Null when the server stops.
Result<std::unique_ptr<HnswGraph>> LiveColumn::fill_graph(const data::HnswParameters& parameters,
                                                          const ColumnVectors& vectors,
                                                          std::span<const Slot> slots,
                                                          std::size_t threads) {
    float magnitude = 0;
    if (parameters.storage == vector::Scalar::I8) {
        for (const Slot slot : slots) {
            magnitude =
                std::max(magnitude, HnswGraph::magnitude_of(parameters, vectors.vector(slot)));
        }
    }
    auto graph = HnswGraph::make(parameters, vectors, magnitude);
    if (!graph) return graph;
    const auto proceed = [this] {
        ++built_;
        return !stopping_;
    };
    auto added = (*graph)->add_all(slots, threads, proceed);
    if (!added) return std::move(added).error();
    if (stopping_) return std::unique_ptr<HnswGraph>();
    return graph;
}

// Puts a finished graph in the place of the old one; null: the old one stays. What is dead and in
// no graph can be used again.
void LiveColumn::adopt_locked(std::unique_ptr<HnswGraph> graph) {
    if (graph) {
        graph_ = std::move(graph);
        unsaved_ = graph_->size();
        in_graph_.clear();
        for (const Slot slot : graph_->slots())
            set_bit(in_graph_, slot);
        pending_.clear();
        pending_order_.clear();
        pending_count_ = 0;
        for (Slot slot = 0; slot < vectors_->slots(); ++slot) {
            if (!vectors_->is_alive(slot) || has_bit(in_graph_, slot)) continue;
            set_bit(pending_, slot);
            pending_order_.push_back(slot);
            ++pending_count_;
        }
    }
    dead_nodes_ = 0;
    std::vector<Slot> kept;
    for (const Slot slot : dead_) {
        if (has_bit(in_graph_, slot)) {
            ++dead_nodes_;
            kept.push_back(slot);
        } else if (vectors_) {
            vectors_->release(slot);
        }
    }
    dead_ = std::move(kept);
}

Result<bool> LiveColumn::merge_blocking() {
    while (!stopping_) {
        const std::unique_lock hold(mutex_);
        drain_locked();
        if (!graph_) return false;
        while (!pending_order_.empty() && !has_bit(pending_, pending_order_.front()))
            pending_order_.pop_front();
        if (pending_order_.empty()) {
            const auto dead = static_cast<double>(dead_nodes_);
            return dead_nodes_ > limits::kDeadNodesMin
                   && dead > limits::kDeadShareMax * static_cast<double>(graph_->size());
        }
        const Slot slot = pending_order_.front();
        auto added = graph_->add(slot);
        if (!added) return std::move(added).error();
        pending_order_.pop_front();
        pending_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        --pending_count_;
        set_bit(in_graph_, slot);
        ++unsaved_;
    }
    return false;
}

std::optional<double> LiveColumn::check_recall_blocking() {
    std::size_t wanted = 0;
    std::size_t found = 0;
    std::mt19937_64 random(limits::kRecallQueries);
    for (std::size_t i = 0; i < limits::kRecallQueries && !stopping_; ++i) {
        const std::shared_lock hold(mutex_);
        if (!graph_ || vectors_->alive() < limits::kGraphRowsMin) return std::nullopt;
        Slot slot = static_cast<Slot>(random() % vectors_->slots());
        while (!vectors_->is_alive(slot))
            slot = (slot + 1) % static_cast<Slot>(vectors_->slots());
        data::VectorQuery query;
        const auto values = vectors_->vector(slot);
        query.queries.emplace_back(values.begin(), values.end());
        query.top_k = limits::kRecallTopK;
        query.metric = graph_->parameters().metric;
        const auto truth = search_locked(query, Wish::Scan);
        const auto answer = search_locked(query, Wish::Graph);
        if (!truth || !answer) return std::nullopt;
        // By distance, not by row: among equals any row is right.
        const auto& exact = truth->hits.front();
        if (exact.empty()) continue;
        const double limit = exact.back().distance;
        wanted += exact.size();
        found += static_cast<std::size_t>(std::ranges::count_if(
            answer->hits.front(), [&](const auto& hit) { return hit.distance <= limit; }));
    }
    if (wanted == 0) return std::nullopt;
    const double recall = static_cast<double>(found) / static_cast<double>(wanted);
    const std::unique_lock hold(mutex_);
    recall_ = recall;
    return recall;
}

bool LiveColumn::needs_graph() const {
    const std::shared_lock hold(mutex_);
    return wanted_ && !graph_ && !building_;
}

bool LiveColumn::is_building() const {
    const std::shared_lock hold(mutex_);
    return building_;
}

LiveColumn::Sizes LiveColumn::sizes_blocking() const {
    const std::shared_lock hold(mutex_);
    Sizes sizes;
    if (!vectors_) return sizes;
    sizes.rows = vectors_->alive();
    sizes.pending = pending_count_;
    sizes.bytes = vectors_->memory_bytes() + (graph_ ? graph_->memory_bytes() : 0);
    return sizes;
}

data::VectorIndexStats LiveColumn::stats_blocking(data::VectorIndexDefinition definition) {
    (void)catch_up_blocking();
    const std::shared_lock hold(mutex_);
    data::VectorIndexStats stats;
    stats.info.definition = std::move(definition);
    stats.info.dimensions = vectors_ ? vectors_->dimensions() : shape_.names.dimensions;
    stats.info.rows = vectors_ ? vectors_->alive() : 0;
    const bool ready = graph_ || (!vectors_ && !building_);
    stats.info.state = ready ? data::VectorIndexState::Ready : data::VectorIndexState::Building;
    const std::size_t to_build = to_build_;
    stats.info.progress = ready ? 1.0
                          : to_build == 0
                              ? 0.0
                              : static_cast<double>(built_) / static_cast<double>(to_build);
    stats.pending = pending_count_;
    stats.deleted = dead_nodes_;
    stats.skipped = bad_rows_.size();
    stats.memory_bytes = vectors_ ? vectors_->memory_bytes() : 0;
    stats.recall = recall_;
    if (!graph_) return stats;
    stats.info.layers = graph_->layer_count();
    stats.memory_bytes += graph_->memory_bytes();
    stats.layers = graph_->layers();
    return stats;
}

}  // namespace zs::usearch
