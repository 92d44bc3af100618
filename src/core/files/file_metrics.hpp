#pragma once

#include "base/metrics.hpp"
#include "core/files/blob_ledger.hpp"

namespace zs::files {

// What the files of this process look like from outside. Threading: any.
struct FileMetrics {
    FileMetrics();
    void show(const LedgerTotals& totals);

    metrics::Gauge& bytes;    // files_bytes: in the store, equal content once
    metrics::Gauge& blobs;    // files_blobs
    metrics::Gauge& damaged;  // files_damaged_blobs
    metrics::Counter& created;
    metrics::Counter& deduplicated;  // bytes that the tenant had already
    metrics::Counter& refused;
    metrics::Counter& deduplicated_bytes;
    metrics::Counter& received_bytes;
    metrics::Counter& served_bytes;
    metrics::Counter& collected;
};

}  // namespace zs::files
