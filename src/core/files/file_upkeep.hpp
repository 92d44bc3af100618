#pragma once

#include "async/turnstile.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"
#include "core/files/file_metrics.hpp"
#include "core/files/limits.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace zs::files {

enum class UpkeepJob { Collect, Verify };
std::string_view to_text(UpkeepJob job) noexcept;  // collect, verify
Result<UpkeepJob> parse_text(std::type_identity<UpkeepJob>, std::string_view text);

// How the latest run of a job goes or went.
struct UpkeepRun {
    std::string state = "never";  // never, waiting, running, done, failed
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> finished_at;
    std::int64_t blobs = 0;  // looked at
    std::int64_t bytes = 0;  // hashed anew
    std::int64_t removed = 0;
    std::int64_t damaged = 0;                // their bytes are not what they were
    std::int64_t missing = 0;                // somebody has them, the store does not
    std::vector<std::string> damaged_blobs;  // the first kDamagedShownMax of both
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(UpkeepRun, (),
                      (state, started_at, finished_at, blobs, bytes, removed, damaged, missing,
                       damaged_blobs, error))

struct UpkeepStatus {
    UpkeepRun collect;
    UpkeepRun verify;
};
BOOST_DESCRIBE_STRUCT(UpkeepStatus, (), (collect, verify))

// Looks after the store as a whole: removes what nobody has any more, and reads everything now and
// then to find bytes that rotted. One job runs at a time.
// The rules that keep a removal and an upload apart are the ledger's; they hold for one collector
// per store, which is this process: a store belongs to one data directory.
// Lifetime: the ports and the clock outlive it. Threading: any.
class FileUpkeep {
public:
    FileUpkeep(BlobStore& store, BlobLedger& ledger, const Clock& clock, FileMetrics& metrics,
               Limits limits = {});

    // At start, before files are served: ends removals that were cut off.
    async::Task<Result<void>> recover();
    // Runs jobs when they are due or asked for, until it is cancelled.
    async::Task<> run();
    // Soon; while the job waits or runs already, nothing more.
    void ask(UpkeepJob job);
    UpkeepStatus status() const;

    // One run each. Errors: of the ports; then the run counts as failed.
    async::Task<Result<UpkeepRun>> collect();
    async::Task<Result<UpkeepRun>> verify();

private:
    async::Task<Result<UpkeepRun>> perform(UpkeepJob job);
    async::Task<Result<void>> sweep_store(Timestamp claimed_before);
    async::Task<Result<void>> sweep_ledger(Timestamp claimed_before);
    async::Task<Result<void>> condemn(std::vector<Digest> blobs, Timestamp claimed_before);
    async::Task<Result<void>> remove_condemned();
    async::Task<Result<void>> remove(Digest blob);
    async::Task<Result<void>> verify_all();
    async::Task<Result<void>> verify_one(LedgerEntry entry);
    async::Task<Result<void>> note(LedgerEntry entry, BlobHealth health, Timestamp looked_at);
    async::Task<> show_totals();
    bool is_due(UpkeepJob job, Timestamp now) const;
    template <class Change>
    void change(UpkeepJob job, Change change);
    void add_damaged(Digest blob);

    BlobStore& store_;
    BlobLedger& ledger_;
    const Clock& clock_;
    FileMetrics& metrics_;
    const Limits limits_;
    const Timestamp began_at_;
    async::Turnstile one_at_a_time_;
    mutable std::mutex mutex_;
    UpkeepStatus status_;
};

}  // namespace zs::files
