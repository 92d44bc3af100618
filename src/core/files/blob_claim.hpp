#pragma once

#include "base/clock.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"

// The first steps of what the ledger says an upload does, for whoever uploads.
namespace zs::files {

// Claims a blob; waits a moment where equal content is just being removed.
// Errors: the ledger's; Unavailable when that removal takes too long.
async::Task<Result<Claim>> claim_blob(BlobLedger& ledger, BlobInfo blob, const Clock& clock);

// Seals what was written, claims it, then commits it: in this order, so that whoever collects
// unused blobs never takes it away in between. Errors: those of the three.
async::Task<Result<BlobInfo>> keep_blob(BlobWriter& writer, BlobLedger& ledger, const Clock& clock);

}  // namespace zs::files
