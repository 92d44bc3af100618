#include "core/files/blob_store_pair.hpp"

#include <algorithm>
#include <iterator>

namespace zs::files {
namespace {

bool is_absent(const Error& error) {
    return error.code == ErrorCode::NotFound;
}

}  // namespace

async::Task<Result<std::unique_ptr<BlobWriter>>> BlobStorePair::create(
    std::optional<std::uint64_t> size) {
    return first_.create(size);
}

async::Task<Result<std::unique_ptr<BlobReader>>> BlobStorePair::open(Digest blob, BlobRange range) {
    auto opened = co_await first_.open(blob, range);
    if (opened || !is_absent(opened.error())) co_return opened;
    co_return co_await second_.open(blob, range);
}

async::Task<Result<std::optional<std::uint64_t>>> BlobStorePair::stat(Digest blob) {
    auto size = co_await first_.stat(blob);
    if (!size || *size) co_return size;
    co_return co_await second_.stat(blob);
}

async::Task<Result<void>> BlobStorePair::remove(Digest blob) {
    auto removed = co_await first_.remove(blob);
    if (!removed) co_return removed;
    co_return co_await second_.remove(blob);
}

async::Task<Result<std::vector<Digest>>> BlobStorePair::list(std::optional<Digest> after,
                                                             std::size_t limit) {
    auto one = co_await first_.list(after, limit);
    if (!one) co_return one;
    auto other = co_await second_.list(after, limit);
    if (!other) co_return other;
    // Each list is whole up to its own end, so the least of both are the next ones of the pair.
    std::vector<Digest> all;
    std::set_union(one->begin(), one->end(), other->begin(), other->end(), std::back_inserter(all));
    if (all.size() > limit) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
    co_return all;
}

async::Task<Result<BlobInfo>> BlobStorePair::rehash(Digest blob) {
    auto found = co_await first_.rehash(blob);
    if (found || !is_absent(found.error())) co_return found;
    co_return co_await second_.rehash(blob);
}

}  // namespace zs::files
