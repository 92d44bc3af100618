#pragma once

#include "adapters/usearch/column_vectors.hpp"
#include "vector/kernels.hpp"
#include "vector/tiles.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace zs::usearch {

// The links of a graph, read where USearch keeps them: per node its key, its level, and for each
// level from the base up a count and room for so many neighbours.
struct GraphLinks {
    std::span<const char* const> nodes;
    std::size_t base_neighbours = 0;   // room on the base level
    std::size_t upper_neighbours = 0;  // and on each one above
    std::uint32_t entry = 0;           // a node of the top level

    static int level_of(const char* node);
    // Where the neighbours lie, and how many there are. They are not aligned.
    struct Neighbours {
        const char* at = nullptr;
        std::uint32_t count = 0;
        std::uint32_t operator[](std::size_t i) const;
    };
    Neighbours neighbours(std::uint32_t node, int level) const;
};

// What a walk compares: one query against vectors by node.
struct WalkTarget {
    const std::byte* base = nullptr;
    std::size_t stride = 0;
    const Slot* place = nullptr;                 // by node; null: a node's place is its number
    const float* norms = nullptr;                // by place; for cosine of f32
    vector::RankFn rank = nullptr;               // one pair
    vector::TileFn four = nullptr;               // four at once, as sums; null: there is none
    vector::Metric metric = vector::Metric::L2;  // what the sums mean
    std::size_t dimensions = 0;
    const void* query = nullptr;
    const void* padded_query = nullptr;  // for `four`
    float query_norm = 0;

    std::size_t place_of(std::uint32_t node) const { return place == nullptr ? node : place[node]; }
    const std::byte* of(std::uint32_t node) const { return base + place_of(node) * stride; }
};

// A search of a graph without a filter, with the buffers that it needs: best first, in one list
// that is sorted and knows what was looked at, which for the lengths in use is quicker than two
// heaps. Ranks are computed four at a time, after all of them were asked for.
// Threading: one search at a time.
class GraphWalk {
public:
    struct Found {
        float rank = 0;
        std::uint32_t node = 0;
    };
    // The nearest ones out of `ef`, nearest first; valid until the next run.
    std::span<const Found> run(const GraphLinks& links, const WalkTarget& target, std::size_t ef);
    std::size_t bytes() const;

private:
    static constexpr std::uint32_t kLookedAt = 0x8000'0000;

    void forget(std::size_t nodes);
    std::uint32_t descend(const GraphLinks& links, const WalkTarget& target);
    void gather(const GraphLinks::Neighbours& neighbours, const WalkTarget& target);
    void gather_unseen(const GraphLinks::Neighbours& neighbours, const WalkTarget& target);
    void rank_gathered(const WalkTarget& target);
    std::size_t insert(float rank, std::uint32_t node, std::size_t ef);

    std::vector<std::uint8_t> seen_;  // by node: in which search it was seen
    std::uint8_t search_ = 0;
    std::vector<Found> list_;
    std::vector<std::uint32_t> gathered_;
    std::vector<float> ranks_;
};

}  // namespace zs::usearch
