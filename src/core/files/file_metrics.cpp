#include "core/files/file_metrics.hpp"

namespace zs::files {
namespace {

metrics::Counter& uploads(const char* result) {
    return metrics::counter("files_uploads_total", "Uploads by their end", {{"result", result}});
}

}  // namespace

FileMetrics::FileMetrics()
    : bytes(metrics::gauge("files_bytes", "Bytes in the file store, equal content once")),
      blobs(metrics::gauge("files_blobs", "Different contents in the file store")),
      damaged(metrics::gauge("files_damaged_blobs", "Contents that failed a check")),
      created(uploads("created")),
      deduplicated(uploads("deduplicated")),
      refused(uploads("refused")),
      deduplicated_bytes(metrics::counter("files_deduplicated_bytes_total",
                                          "Uploaded bytes that were in the store already")),
      received_bytes(metrics::counter("files_received_bytes_total", "Uploaded bytes")),
      served_bytes(metrics::counter("files_served_bytes_total", "Downloaded bytes")),
      collected(metrics::counter("files_collected_total", "Contents removed without an owner")) {}

void FileMetrics::show(const LedgerTotals& totals) {
    bytes.set(static_cast<double>(totals.bytes));
    blobs.set(static_cast<double>(totals.blobs));
    damaged.set(static_cast<double>(totals.damaged));
}

}  // namespace zs::files
