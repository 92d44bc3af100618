#pragma once

#include "base/error.hpp"
#include "core/data/vector_index.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace zs::usearch {

// A node of a stored graph: whose vector it was, and what the vector was, in short.
struct StoredNode {
    std::int64_t row_id = 0;
    std::uint64_t fingerprint = 0;
    bool is_dead = false;  // its row was gone already; its values are kept, for the walks
};

// A graph on disk: how its nodes hang together, without the vectors, which are in the rows. So it
// can be old or lost, and never wrong: whoever loads it compares each node with the row.
struct GraphSnapshot {
    data::HnswParameters parameters;
    std::size_t dimensions = 0;
    float magnitude_max = 0;
    std::vector<StoredNode> nodes;
    std::vector<float> dead_values;  // of the dead nodes, one behind the other
    std::string links;               // as HnswGraph saves them
};

// Tells vectors apart; equal ones have equal fingerprints.
std::uint64_t fingerprint_of(std::span<const float> values);

// Replaces the file: it is complete or the old one. Errors: Unavailable.
Result<void> write_snapshot_blocking(const std::string& path, const GraphSnapshot& snapshot);
// Empty: there is none. Errors: DataLoss when its checksum or form is wrong.
Result<std::optional<GraphSnapshot>> read_snapshot_blocking(const std::string& path);
void remove_snapshot_blocking(const std::string& path);

}  // namespace zs::usearch
