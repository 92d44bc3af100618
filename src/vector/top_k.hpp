#pragma once

#include "vector/metric.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace zs::vector {

struct Neighbour {
    float rank = 0;
    std::uint64_t index = 0;
    bool operator==(const Neighbour&) const = default;
};

// The order of results: by rank, NaN last, equal ranks by index.
bool is_nearer(const Neighbour& a, const Neighbour& b) noexcept;

// The k nearest of what was offered. What it keeps does not depend on the order of the offers, so
// parts of a scan may be merged in any order.
// Threading: one thread at a time.
class TopK {
public:
    explicit TopK(std::size_t k);

    void offer(float rank, std::uint64_t index) {
        // NaN compares false both ways and so takes the slow path.
        if (is_full() && rank > worst_rank_) return;
        offer_slow(rank, index);
    }
    void merge(const TopK& other);
    bool is_full() const { return heap_.size() >= k_; }
    std::size_t k() const { return k_; }
    std::size_t size() const { return heap_.size(); }
    // Nothing with a greater rank will be kept; +infinity until k are there.
    float limit() const;
    // Nearest first; leaves it empty.
    std::vector<Neighbour> take_sorted();

private:
    void offer_slow(float rank, std::uint64_t index);

    std::size_t k_;
    float worst_rank_ = 0;  // of heap_.front(), once full
    std::vector<Neighbour> heap_;
};

// Vectors that lie one behind the other.
// Lifetime: borrows.
struct VectorBlock {
    const void* data = nullptr;
    std::size_t count = 0;
    std::size_t stride_bytes = 0;   // from one vector to the next; 0: bytes_per_vector()
    std::uint64_t first_index = 0;  // the index of vector 0 in the results
    // norm() of each vector, which Cosine then need not compute again; empty: unknown.
    std::span<const float> norms{};
    // Bit i of word i / 64 lets vector i take part; empty: all do.
    std::span<const std::uint64_t> filter{};
};

struct ScanSpec {
    Metric metric = Metric::L2;
    Scalar scalar = Scalar::F32;
    std::size_t dimensions = 0;
};

// Ranks every query against every vector of the block and offers the results to best[query].
// Several queries at once cost little more than one: a vector is read from memory once for all of
// them. A query's ranks are the same, bit for bit, alone and among others, and in whatever pieces
// the block is cut: to use several threads give each a piece and TopKs of its own, then merge.
// Answers false when `stop` was requested, which it looks at every megabyte or so; `best` then
// holds a part of the truth.
// `queries` has the scalar and dimensions of `spec`; its norms and filter are not looked at.
bool scan(const ScanSpec& spec, const VectorBlock& queries, const VectorBlock& block,
          std::span<TopK> best, const std::stop_token& stop = {});

// A part [begin, end) of a block, for a thread of its own. `begin` is a multiple of 64 when the
// block has a filter.
VectorBlock part_of(const VectorBlock& block, const ScanSpec& spec, std::size_t begin,
                    std::size_t end);

}  // namespace zs::vector
