#include "adapters/localfs/local_blob_store.hpp"

#include "adapters/localfs/local_blob_reader.hpp"
#include "adapters/localfs/local_blob_writer.hpp"

#include <algorithm>
#include <utility>

namespace zs::localfs {
namespace {

// One job of a rehash, so that a long file lets others have their turn.
constexpr std::uint64_t kRehashBytes = 16 << 20;

// What the file's size says its content's is; only the trailer knows for sure.
std::optional<std::uint64_t> content_bytes(std::uint64_t size_of_file) {
    if (size_of_file < kTrailerBytes) return std::nullopt;
    const std::uint64_t rest = size_of_file - kTrailerBytes;
    const std::uint64_t blocks = (rest + kBlockBytes + kSumBytes - 1) / (kBlockBytes + kSumBytes);
    if (rest < blocks * kSumBytes) return std::nullopt;
    return rest - blocks * kSumBytes;
}

struct Rehash {
    std::shared_ptr<OpenBlob> blob;
    Sha256 hash;
    std::uint64_t at = 0;

    Result<void> go_on_blocking() {
        const std::uint64_t stop = std::min(blob->size(), at + kRehashBytes);
        while (at < stop) {
            const std::uint64_t to = std::min(blob->size(), at + kBlockBytes);
            auto bytes = blob->read_blocking(at, to);
            if (!bytes) return std::move(bytes).error();
            hash.update(*bytes);
            at = to;
        }
        return {};
    }
};

}  // namespace

Result<std::unique_ptr<LocalBlobStore>> LocalBlobStore::open_blocking(const Options& options,
                                                                      async::BlockingPool& pool) {
    auto folder = BlobFolder::open_blocking(options.folder, options.reserve_bytes, options.users);
    if (!folder) return std::move(folder).error();
    return std::unique_ptr<LocalBlobStore>(new LocalBlobStore(std::move(*folder), pool));
}

async::Task<Result<std::unique_ptr<files::BlobWriter>>> LocalBlobStore::create(
    std::optional<std::uint64_t> size) {
    auto job = [folder = folder_, size]() -> Result<std::unique_ptr<BlobDraft>> {
        auto room = folder->check_room_blocking(file_bytes(size.value_or(0)));
        if (!room) return std::move(room).error();
        auto temporary = folder->make_temporary_blocking();
        if (!temporary) return std::move(temporary).error();
        return std::make_unique<BlobDraft>(folder, std::move(*temporary));
    };
    auto draft = co_await pool_.run(std::move(job));
    if (!draft) co_return std::move(draft).error();
    std::unique_ptr<files::BlobWriter> writer =
        std::make_unique<LocalBlobWriter>(std::move(*draft), pool_);
    co_return writer;
}

async::Task<Result<std::unique_ptr<files::BlobReader>>> LocalBlobStore::open(
    files::Digest blob, files::BlobRange range) {
    auto job = [folder = folder_, blob]() -> Result<std::shared_ptr<OpenBlob>> {
        auto file = folder->open_blob_blocking(blob);
        if (!file) return std::move(file).error();
        return OpenBlob::open_blocking(std::move(*file));
    };
    auto opened = co_await pool_.run(std::move(job));
    if (!opened) co_return std::move(opened).error();
    std::unique_ptr<files::BlobReader> reader =
        std::make_unique<LocalBlobReader>(std::move(*opened), range, pool_);
    co_return reader;
}

async::Task<Result<std::optional<std::uint64_t>>> LocalBlobStore::stat(files::Digest blob) {
    auto job = [folder = folder_, blob]() -> Result<std::optional<std::uint64_t>> {
        auto size = folder->size_blocking(blob);
        if (!size || !*size) return size;
        return std::optional(content_bytes(**size).value_or(UINT64_MAX));
    };
    co_return co_await pool_.run(std::move(job));
}

async::Task<Result<void>> LocalBlobStore::remove(files::Digest blob) {
    auto job = [folder = folder_, blob] { return folder->remove_blocking(blob); };
    co_return co_await pool_.run(std::move(job));
}

async::Task<Result<std::vector<files::Digest>>> LocalBlobStore::list(
    std::optional<files::Digest> after, std::size_t limit) {
    auto job = [folder = folder_, after, limit] { return folder->list_blocking(after, limit); };
    co_return co_await pool_.run(std::move(job));
}

async::Task<Result<files::BlobInfo>> LocalBlobStore::rehash(files::Digest blob) {
    auto open = [folder = folder_, blob]() -> Result<std::shared_ptr<Rehash>> {
        auto file = folder->open_blob_blocking(blob);
        if (!file) return std::move(file).error();
        auto opened = OpenBlob::open_blocking(std::move(*file));
        if (!opened) return std::move(opened).error();
        auto rehash = std::make_shared<Rehash>();
        rehash->blob = std::move(*opened);
        return rehash;
    };
    auto opened = co_await pool_.run(std::move(open));
    if (!opened) co_return std::move(opened).error();
    const auto rehash = std::move(*opened);
    while (rehash->at < rehash->blob->size()) {
        auto go_on = [rehash] { return rehash->go_on_blocking(); };
        auto done = co_await pool_.run(std::move(go_on));
        if (!done) co_return std::move(done).error();
    }
    files::BlobInfo info;
    info.sha256 = files::Digest::from_raw(rehash->hash.finish());
    info.size = rehash->at;
    co_return info;
}

}  // namespace zs::localfs
