#pragma once

#include "base/metrics.hpp"

namespace zs::usearch {

struct IndexMetrics {
    metrics::Counter& searches =
        metrics::counter("hnsw_searches_total", "Searches of vector indexes.");
    metrics::Counter& walks =
        metrics::counter("hnsw_graph_walks_total", "Searches that walked a graph, not the rows.");
    metrics::Histogram& seconds =
        metrics::histogram("hnsw_search_duration_seconds", "Run time of vector index searches.",
                           metrics::duration_bounds());
    metrics::Gauge& recall = metrics::gauge(
        "vector_recall", "Share of the true neighbours that the index checked last finds.");
    metrics::Gauge& columns = metrics::gauge("vector_columns", "Columns of vectors in memory.");
    metrics::Gauge& rows = metrics::gauge("vector_rows", "Vectors of columns in memory.");
    metrics::Gauge& pending =
        metrics::gauge("vector_pending_rows", "Indexed vectors that are not in a graph yet.");
    metrics::Gauge& bytes =
        metrics::gauge("vector_memory_bytes", "Memory of vectors of columns and their graphs.");
    metrics::Counter& stores =
        metrics::counter("vector_stores_total", "Times the vectors of a column were stored.");
    metrics::Counter& blocks =
        metrics::counter("vector_blocks_written_total", "Blocks of vectors written to disk.");
    metrics::Counter& evictions =
        metrics::counter("vector_evictions_total", "Columns that left the memory again.");
    metrics::Gauge& listening = metrics::gauge(
        "vector_change_capture", "1 while writes tell their changes because vectors are in use.");
};

inline IndexMetrics& index_metrics() {
    static IndexMetrics all;
    return all;
}

}  // namespace zs::usearch
