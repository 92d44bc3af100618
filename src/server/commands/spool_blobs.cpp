#include "server/commands/spool_blobs.hpp"

#include "base/hash.hpp"
#include "base/ids.hpp"

#include <fstream>
#include <memory>

namespace zs::server {
namespace fs = std::filesystem;

namespace {

// One file on its way in. Its state is shared with the pool's thread, one call at a time.
class SpoolWriter final : public files::BlobWriter {
public:
    SpoolWriter(fs::path folder, async::BlockingPool& pool)
        : state_(std::make_shared<State>()), pool_(pool) {
        const SystemClock clock;
        state_->folder = folder;
        state_->part = folder / (Uuid::next(clock).to_string() + ".part");
        state_->out.open(state_->part, std::ios::binary | std::ios::trunc);
    }
    ~SpoolWriter() override {
        std::error_code ignored;
        fs::remove(state_->part, ignored);
    }
    SpoolWriter(const SpoolWriter&) = delete;
    SpoolWriter& operator=(const SpoolWriter&) = delete;

    async::Task<Result<void>> write(std::string bytes) override {
        auto work = [state = state_, bytes = std::move(bytes)]() -> Result<void> {
            state->hash.update(bytes);
            state->size += bytes.size();
            state->out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            if (!state->out) return exhausted("the disk of the worker is full", "storage_full");
            return {};
        };
        co_return co_await pool_.run(std::move(work));
    }
    async::Task<Result<files::BlobInfo>> seal() override {
        auto work = [state = state_]() -> Result<files::BlobInfo> {
            state->out.close();
            if (!state->out) return exhausted("the disk of the worker is full", "storage_full");
            state->info.sha256 = files::Digest::from_raw(state->hash.finish());
            state->info.size = state->size;
            return state->info;
        };
        co_return co_await pool_.run(std::move(work));
    }
    async::Task<Result<void>> commit() override {
        auto work = [state = state_]() -> Result<void> {
            std::error_code error;
            fs::rename(state->part, state->folder / state->info.sha256.to_string(), error);
            if (error) return unavailable("the worker's spool: " + error.message());
            return {};
        };
        co_return co_await pool_.run(std::move(work));
    }

private:
    struct State {
        fs::path folder;
        fs::path part;
        std::ofstream out;
        Sha256 hash;
        std::uint64_t size = 0;
        files::BlobInfo info;
    };
    std::shared_ptr<State> state_;
    async::BlockingPool& pool_;
};

}  // namespace

Result<void> SpoolBlobs::prepare_blocking(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return unavailable("the worker's spool " + folder.string() + ": " + error.message());
    return {};
}

std::string SpoolBlobs::path_of(const files::Digest& blob) const {
    return (folder_ / blob.to_string()).string();
}

async::Task<Result<std::unique_ptr<files::BlobWriter>>> SpoolBlobs::create(
    std::optional<std::uint64_t>) {
    std::unique_ptr<files::BlobWriter> writer = std::make_unique<SpoolWriter>(folder_, pool_);
    co_return writer;
}

async::Task<Result<std::unique_ptr<files::BlobReader>>> SpoolBlobs::open(files::Digest,
                                                                         files::BlobRange) {
    co_return files::no_such_blob();  // read by path_of()
}

async::Task<Result<std::optional<std::uint64_t>>> SpoolBlobs::stat(files::Digest blob) {
    std::error_code error;
    const auto size = fs::file_size(path_of(blob), error);
    if (error) co_return std::optional<std::uint64_t>();
    co_return std::optional<std::uint64_t>(size);
}

async::Task<Result<void>> SpoolBlobs::remove(files::Digest blob) {
    std::error_code ignored;
    fs::remove(path_of(blob), ignored);
    co_return Result<void>();
}

async::Task<Result<std::vector<files::Digest>>> SpoolBlobs::list(std::optional<files::Digest>,
                                                                 std::size_t) {
    co_return std::vector<files::Digest>();
}

async::Task<Result<files::BlobInfo>> SpoolBlobs::rehash(files::Digest) {
    co_return files::no_such_blob();
}

async::Task<Result<files::Claim>> SpoolLedger::claim(files::BlobInfo, Timestamp) {
    co_return files::Claim::New;
}

async::Task<Result<std::vector<files::Digest>>> SpoolLedger::condemn(std::vector<files::Digest>,
                                                                     Timestamp) {
    co_return std::vector<files::Digest>();
}

async::Task<Result<std::vector<files::Digest>>> SpoolLedger::condemned(std::size_t) {
    co_return std::vector<files::Digest>();
}

async::Task<Result<void>> SpoolLedger::forget(files::Digest) {
    co_return Result<void>();
}

async::Task<Result<std::vector<files::LedgerEntry>>> SpoolLedger::list(std::optional<files::Digest>,
                                                                       std::size_t) {
    co_return std::vector<files::LedgerEntry>();
}

async::Task<Result<bool>> SpoolLedger::note_health(files::Digest, files::BlobHealth, Timestamp) {
    co_return false;
}

async::Task<Result<files::LedgerTotals>> SpoolLedger::totals() {
    co_return files::LedgerTotals();
}

}  // namespace zs::server
