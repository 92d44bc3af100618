#include "core/files/file_upkeep.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"

#include <utility>

namespace zs::files {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// Between two blobs others have their turn, and a cancelled job ends.
constexpr std::chrono::milliseconds kPause{1};

UpkeepRun& run_of(UpkeepStatus& status, UpkeepJob job) {
    return job == UpkeepJob::Collect ? status.collect : status.verify;
}

}  // namespace

std::string_view to_text(UpkeepJob job) noexcept {
    return job == UpkeepJob::Collect ? "collect" : "verify";
}

Result<UpkeepJob> parse_text(std::type_identity<UpkeepJob>, std::string_view text) {
    if (text == "collect") return UpkeepJob::Collect;
    if (text == "verify") return UpkeepJob::Verify;
    return invalid_argument("must be collect or verify");
}

FileUpkeep::FileUpkeep(BlobStore& store, BlobLedger& ledger, const Clock& clock,
                       FileMetrics& metrics, Limits limits)
    : store_(store),
      ledger_(ledger),
      clock_(clock),
      metrics_(metrics),
      limits_(limits),
      began_at_(clock.now()) {}

template <class Change>
void FileUpkeep::change(UpkeepJob job, Change change) {
    const std::lock_guard lock(mutex_);
    change(run_of(status_, job));
}

UpkeepStatus FileUpkeep::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void FileUpkeep::ask(UpkeepJob job) {
    change(job, [](UpkeepRun& run) {
        if (run.state != "running") run.state = "waiting";
    });
}

bool FileUpkeep::is_due(UpkeepJob job, Timestamp now) const {
    const auto every = job == UpkeepJob::Collect ? limits_.collect_every : limits_.verify_every;
    const std::lock_guard lock(mutex_);
    const UpkeepRun& run = job == UpkeepJob::Collect ? status_.collect : status_.verify;
    if (run.state == "waiting") return true;
    return every.count() > 0 && now - run.finished_at.value_or(began_at_) >= every;
}

async::Task<> FileUpkeep::run() {
    while (true) {
        co_await async::sleep_for(kLookEvery);
        for (const auto job : {UpkeepJob::Collect, UpkeepJob::Verify}) {
            if (!is_due(job, clock_.now())) continue;
            auto done = co_await perform(job);
            if (done) continue;
            log::warn("the upkeep of files failed",
                      {{"job", to_text(job)}, {"reason", done.error().message}});
        }
    }
}

async::Task<Result<void>> FileUpkeep::recover() {
    auto removed = co_await remove_condemned();
    if (!removed) co_return std::move(removed).error();
    co_await show_totals();
    co_return Result<void>();
}

async::Task<> FileUpkeep::show_totals() {
    auto totals = co_await ledger_.totals();
    if (totals) metrics_.show(*totals);
}

async::Task<Result<UpkeepRun>> FileUpkeep::collect() {
    return perform(UpkeepJob::Collect);
}

async::Task<Result<UpkeepRun>> FileUpkeep::verify() {
    return perform(UpkeepJob::Verify);
}

async::Task<Result<UpkeepRun>> FileUpkeep::perform(UpkeepJob job) {
    const auto place = co_await one_at_a_time_.acquire(async::Deadline::never());
    if (!place) co_return place.error();
    const auto now = clock_.now();
    change(job, [now](UpkeepRun& run) {
        run = {};
        run.state = "running";
        run.started_at = now;
    });
    Result<void> done = Result<void>();
    if (job == UpkeepJob::Verify) {
        done = co_await verify_all();
    } else {
        const auto claimed_before = now - limits_.unused_for;
        done = co_await remove_condemned();
        if (done) done = co_await sweep_store(claimed_before);
        if (done) done = co_await sweep_ledger(claimed_before);
    }
    co_await show_totals();
    const auto finished_at = clock_.now();
    change(job, [&](UpkeepRun& run) {
        run.state = done ? "done" : "failed";
        run.finished_at = finished_at;
        if (!done) run.error = done.error().message;
    });
    if (!done) co_return std::move(done).error();
    auto all = status();
    co_return std::move(run_of(all, job));
}

// ---- what nobody has

async::Task<Result<void>> FileUpkeep::sweep_store(Timestamp claimed_before) {
    std::optional<Digest> after;
    while (true) {
        auto blobs = co_await store_.list(after, kUpkeepBatch);
        if (!blobs) co_return std::move(blobs).error();
        if (blobs->empty()) co_return Result<void>();
        after = blobs->back();
        const auto count = static_cast<std::int64_t>(blobs->size());
        change(UpkeepJob::Collect, [count](UpkeepRun& run) { run.blobs += count; });
        auto done = co_await condemn(std::move(*blobs), claimed_before);
        if (!done) co_return std::move(done).error();
        co_await async::sleep_for(kPause);
    }
}

// Claims whose upload never came to an end.
async::Task<Result<void>> FileUpkeep::sweep_ledger(Timestamp claimed_before) {
    std::optional<Digest> after;
    while (true) {
        auto entries = co_await ledger_.list(after, kUpkeepBatch);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>();
        after = entries->back().blob.sha256;
        std::vector<Digest> unused;
        for (const auto& entry : *entries) {
            if (!entry.granted) unused.push_back(entry.blob.sha256);
        }
        if (unused.empty()) continue;
        auto done = co_await condemn(std::move(unused), claimed_before);
        if (!done) co_return std::move(done).error();
    }
}

async::Task<Result<void>> FileUpkeep::condemn(std::vector<Digest> blobs, Timestamp claimed_before) {
    auto condemned = co_await ledger_.condemn(std::move(blobs), claimed_before);
    if (!condemned) co_return std::move(condemned).error();
    for (const auto& blob : *condemned) {
        auto removed = co_await remove(blob);
        if (!removed) co_return std::move(removed).error();
    }
    co_return Result<void>();
}

async::Task<Result<void>> FileUpkeep::remove_condemned() {
    while (true) {
        auto blobs = co_await ledger_.condemned(kUpkeepBatch);
        if (!blobs) co_return std::move(blobs).error();
        if (blobs->empty()) co_return Result<void>();
        for (const auto& blob : *blobs) {
            auto removed = co_await remove(blob);
            if (!removed) co_return std::move(removed).error();
        }
    }
}

async::Task<Result<void>> FileUpkeep::remove(Digest blob) {
    auto removed = co_await store_.remove(blob);
    if (!removed) co_return std::move(removed).error();
    auto forgotten = co_await ledger_.forget(blob);
    if (!forgotten) co_return std::move(forgotten).error();
    metrics_.collected.add();
    change(UpkeepJob::Collect, [](UpkeepRun& run) { ++run.removed; });
    co_return Result<void>();
}

// ---- what rotted

async::Task<Result<void>> FileUpkeep::verify_all() {
    std::optional<Digest> after;
    while (true) {
        auto entries = co_await ledger_.list(after, kUpkeepBatch);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>();
        after = entries->back().blob.sha256;
        for (const auto& entry : *entries) {
            auto done = co_await verify_one(entry);
            if (!done) co_return std::move(done).error();
            co_await async::sleep_for(kPause);
        }
    }
}

async::Task<Result<void>> FileUpkeep::verify_one(LedgerEntry entry) {
    const auto looked_at = clock_.now();
    auto found = co_await store_.rehash(entry.blob.sha256);
    if (found && *found == entry.blob) {
        change(UpkeepJob::Verify, [&](UpkeepRun& run) {
            ++run.blobs;
            run.bytes += static_cast<std::int64_t>(entry.blob.size);
        });
        if (entry.health == BlobHealth::Sound) co_return Result<void>();
        co_return co_await note(entry, BlobHealth::Sound, looked_at);
    }
    if (!found && found.error().code == ErrorCode::NotFound) {
        if (!entry.granted) co_return Result<void>();  // on its way in, or out
        change(UpkeepJob::Verify, [](UpkeepRun& run) { ++run.missing; });
        add_damaged(entry.blob.sha256);
        log::error("stored bytes are missing", {{"sha256", entry.blob.sha256.to_string()}});
        co_return Result<void>();
    }
    if (!found && found.error().code != ErrorCode::DataLoss) co_return std::move(found).error();
    co_return co_await note(entry, BlobHealth::Damaged, looked_at);
}

async::Task<Result<void>> FileUpkeep::note(LedgerEntry entry, BlobHealth health,
                                           Timestamp looked_at) {
    auto noted = co_await ledger_.note_health(entry.blob.sha256, health, looked_at);
    if (!noted) co_return std::move(noted).error();
    const bool was_damaged = entry.health == BlobHealth::Damaged;
    if (health == BlobHealth::Sound || (!*noted && !was_damaged)) co_return Result<void>();
    change(UpkeepJob::Verify, [](UpkeepRun& run) {
        ++run.blobs;
        ++run.damaged;
    });
    add_damaged(entry.blob.sha256);
    log::error("stored bytes are damaged", {{"sha256", entry.blob.sha256.to_string()}});
    co_return Result<void>();
}

void FileUpkeep::add_damaged(Digest blob) {
    change(UpkeepJob::Verify, [&](UpkeepRun& run) {
        if (run.damaged_blobs.size() < kDamagedShownMax) {
            run.damaged_blobs.push_back(blob.to_string());
        }
    });
}

}  // namespace zs::files
