#pragma once

#include "adapters/usearch/column_vectors.hpp"
#include "base/error.hpp"
#include "core/data/vector_index.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace zs::usearch {

// A slot with its rank in the graph's own storage, which for f32 is the exact one.
struct Candidate {
    float rank = 0;
    Slot slot = 0;
};

// The graph of one column. Its nodes are slots of the column; with storage f32 it compares the
// column's own values, else a smaller copy. Nodes are never taken out: who no longer wants a slot
// leaves it out of `allowed`, and makes another graph when there are too many of them.
// Threading: any number of searches, or one add(), add_all() or load(), which have the graph to
//            themselves.
// Lifetime:  the vectors outlive it, and a slot in it is not released.
// Source:    Malkov, Yashunin: Efficient and robust approximate nearest neighbor search using
//            Hierarchical Navigable Small World graphs, 2016.
class HnswGraph {
public:
    // `magnitude_max` is the largest magnitude_of() to expect, for i8; what is larger is cut.
    static Result<std::unique_ptr<HnswGraph>> make(const data::HnswParameters& parameters,
                                                   const ColumnVectors& vectors,
                                                   float magnitude_max);
    static float magnitude_of(const data::HnswParameters& parameters,
                              std::span<const float> values);
    ~HnswGraph();
    HnswGraph(const HnswGraph&) = delete;
    HnswGraph& operator=(const HnswGraph&) = delete;

    const data::HnswParameters& parameters() const;
    float magnitude_max() const;
    // Errors: Exhausted.
    Result<void> reserve(std::size_t nodes);
    Result<void> add(Slot slot);
    // Adds many, with so many threads, the caller's included. `proceed` is asked after each one, on
    // any of them; false ends it early. What it makes differs a little from run to run.
    Result<void> add_all(std::span<const Slot> slots, std::size_t threads,
                         const std::function<bool()>& proceed);

    std::size_t size() const;
    // Slots by node, in the order in which they were added.
    std::span<const Slot> slots() const;

    // The `wanted` nearest of the allowed slots, nearest first, out of at least `ef` that it looked
    // at; fewer when the walk ends early. `allowed` empty: every node. `query` has the column's
    // dimensions.
    Result<std::vector<Candidate>> search(std::span<const float> query, std::size_t wanted,
                                          std::size_t ef,
                                          std::span<const std::uint64_t> allowed) const;

    std::vector<data::VectorLayer> layers() const;
    std::size_t layer_count() const;
    std::size_t memory_bytes() const;

    // The links, without vectors; a loaded graph is told the slot of each node. Errors: what
    // `write` answers; DataLoss when what is read is not a graph of so many nodes.
    using Write = std::function<Result<void>(std::string_view)>;
    Result<void> save(const Write& write) const;
    Result<void> load(std::string_view bytes, std::vector<Slot> slot_of_node);

private:
    struct State;
    bool add_beside(Slot slot, std::size_t thread);
    void note_nodes(std::size_t first);
    std::vector<Candidate> walk(std::span<const float> query, std::size_t wanted,
                                std::size_t ef) const;
    explicit HnswGraph(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace zs::usearch
