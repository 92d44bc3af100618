#pragma once

#include "async/deadline.hpp"
#include "core/identity/principal.hpp"
#include "vector/metric.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace zs::data {

// One column that holds vectors. Names are compared without case, as SQL does.
struct VectorColumn {
    identity::Tenant tenant;
    std::string table;
    std::string column;
    auto operator<=>(const VectorColumn&) const = default;
};

// How a graph is made. `storage` is what the graph compares while it walks; answers are always
// ranked by the exact f32 values.
struct HnswParameters {
    vector::Metric metric = vector::Metric::L2;
    vector::Scalar storage = vector::Scalar::F32;
    std::uint32_t m = 16;
    std::uint32_t ef_construction = 64;
    bool operator==(const HnswParameters&) const = default;
};

struct VectorIndexDefinition {
    std::string name;
    std::string table;
    std::string column;
    HnswParameters parameters;
    bool operator==(const VectorIndexDefinition&) const = default;
};

// Building: searches scan every row, so that they are exact meanwhile.
enum class VectorIndexState { Building, Ready };
constexpr const char* to_text(VectorIndexState state) {
    switch (state) {
        case VectorIndexState::Building: return "building";
        case VectorIndexState::Ready: return "ready";
    }
    return "building";
}

struct VectorIndexInfo {
    VectorIndexDefinition definition;
    std::size_t dimensions = 0;  // 0: no row has told yet
    std::uint64_t rows = 0;      // that can be found
    std::size_t layers = 0;
    VectorIndexState state = VectorIndexState::Building;
    double progress = 0;  // of the building, 0 to 1
};

struct VectorLayer {
    std::size_t level = 0;
    std::size_t nodes = 0;
    double average_degree = 0;
    std::size_t degree_max = 0;
};

struct VectorIndexStats {
    VectorIndexInfo info;
    std::uint64_t pending = 0;  // rows that searches scan, because the graph has not got them yet
    std::uint64_t deleted = 0;  // nodes of the graph whose row is gone
    std::uint64_t skipped = 0;  // rows whose value is no vector of these dimensions
    std::uint64_t memory_bytes = 0;
    std::optional<double> recall;  // of the last self-check
    std::vector<VectorLayer> layers;
};

struct VectorHit {
    std::int64_t row_id = 0;  // the engine's
    double distance = 0;
    bool operator==(const VectorHit&) const = default;
};

// Rows by the engine's row id, sorted, without repetition.
using RowIds = std::vector<std::int64_t>;

// Several queries against one column.
struct VectorQuery {
    VectorColumn column;
    std::vector<std::vector<float>> queries;
    std::size_t top_k = 10;
    std::size_t ef_search = 64;
    vector::Metric metric = vector::Metric::L2;  // of scan(); an index has its own
    std::shared_ptr<const RowIds> only;          // null: every row
    async::Deadline deadline = async::Deadline::never();
    std::stop_token cancelled;
};

enum class VectorPlan { Scan, Graph };

struct VectorAnswer {
    std::vector<std::vector<VectorHit>> hits;  // per query, nearest first, ties by row id
    VectorPlan plan = VectorPlan::Scan;
};

struct VectorBuild {
    VectorIndexInfo info;
    bool replaced = false;
    std::chrono::milliseconds took{0};
};

// What a search has to know about the column's table.
struct VectorTable {
    std::string table;           // as it was created
    std::string column;          // likewise
    std::string row_id_name;     // rowid, _rowid_ or oid: the one that no column hides
    std::string key_column;      // the primary key when it is one column; else empty
    bool key_is_row_id = true;   // INTEGER PRIMARY KEY, or no single key column
    std::size_t dimensions = 0;  // as declared by VECTOR(n); 0: not declared
};

}  // namespace zs::data
