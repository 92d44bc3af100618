#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace zs::bench {

// A database with vectors in a table, asked for the nearest by its own SQL.
// Threading: one call at a time; what it does inside is its own affair.
class KnnPeer {
public:
    virtual ~KnnPeer() = default;
    virtual std::string name() const = 0;
    // Positions of the k nearest by Euclidean distance, nearest first.
    virtual std::vector<std::uint64_t> nearest(std::span<const float> query, std::size_t k) = 0;
};

struct KnnTable {
    std::span<const float> vectors;  // row by row
    std::size_t dimensions = 0;
    std::size_t count() const { return vectors.size() / dimensions; }
};

// Both load a library from bench/peers/node_modules when the program runs.
// Errors: throws Failure, which says what is missing.
std::unique_ptr<KnnPeer> open_sqlite_vec(const KnnTable& table);
std::unique_ptr<KnnPeer> open_duckdb(const KnnTable& table);

}  // namespace zs::bench
