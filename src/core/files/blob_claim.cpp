#include "core/files/blob_claim.hpp"

#include "async/deadline.hpp"
#include "async/sleep.hpp"
#include "core/files/limits.hpp"

namespace zs::files {

async::Task<Result<Claim>> claim_blob(BlobLedger& ledger, BlobInfo blob, const Clock& clock) {
    const auto deadline = async::Deadline::after(kClaimPatience);
    while (true) {
        auto claimed = co_await ledger.claim(blob, clock.now());
        if (!claimed) co_return std::move(claimed).error();
        if (*claimed != Claim::Condemned) co_return *claimed;
        if (deadline.expired()) {
            co_return unavailable("equal content is just being removed; try again");
        }
        co_await async::sleep_for(kClaimRetry);
    }
}

async::Task<Result<BlobInfo>> keep_blob(BlobWriter& writer, BlobLedger& ledger,
                                        const Clock& clock) {
    const auto blob = co_await writer.seal();
    if (!blob) co_return blob.error();
    auto claimed = co_await claim_blob(ledger, *blob, clock);
    if (!claimed) co_return std::move(claimed).error();
    auto committed = co_await writer.commit();
    if (!committed) co_return std::move(committed).error();
    co_return *blob;
}

}  // namespace zs::files
