#include "core/files/memory_file_catalog.hpp"

#include <algorithm>

namespace zs::files {

bool MemoryFileCatalog::is_granted(const Digest& blob) const {
    return std::any_of(grants_.begin(), grants_.end(),
                       [&](const auto& entry) { return entry.first.second == blob; });
}

FileRecord MemoryFileCatalog::shown(const Grant& grant) const {
    FileRecord record = grant.record;
    record.damaged = blobs_.at(record.sha256).is_damaged;
    return record;
}

async::Task<Result<Granted>> MemoryFileCatalog::grant(FileRecord record) {
    const std::lock_guard lock(mutex_);
    const auto blob = blobs_.find(record.sha256);
    if (blob == blobs_.end() || blob->second.is_condemned) co_return blob_gone();
    blob->second.is_damaged = false;
    Grant fresh;
    fresh.record = record;
    const auto [at, created] = grants_.emplace(Key(record.tenant, record.sha256), std::move(fresh));
    Granted answer;
    answer.record = shown(at->second);
    answer.created = created;
    co_return answer;
}

async::Task<Result<std::optional<FileRecord>>> MemoryFileCatalog::find(identity::Tenant tenant,
                                                                       Digest sha256) {
    const std::lock_guard lock(mutex_);
    const auto found = grants_.find(Key(tenant, sha256));
    if (found == grants_.end()) co_return std::optional<FileRecord>();
    co_return std::optional<FileRecord>(shown(found->second));
}

async::Task<Result<std::vector<FileRecord>>> MemoryFileCatalog::list(FileQuery query) {
    const std::lock_guard lock(mutex_);
    const auto place = [](const FileRecord& file) {
        return std::pair(file.created_at, file.sha256);
    };
    std::vector<FileRecord> out;
    for (const auto& [key, grant] : grants_) {
        if (key.first != query.tenant) continue;
        if (query.before && place(grant.record) >= *query.before) continue;
        out.push_back(shown(grant));
    }
    std::sort(out.begin(), out.end(),
              [&](const FileRecord& a, const FileRecord& b) { return place(b) < place(a); });
    if (out.size() > query.limit) out.resize(query.limit);
    co_return out;
}

async::Task<Result<void>> MemoryFileCatalog::remove(identity::Tenant tenant, Digest sha256) {
    const std::lock_guard lock(mutex_);
    const auto found = grants_.find(Key(tenant, sha256));
    if (found == grants_.end()) co_return no_such_file();
    if (!found->second.holders.empty()) co_return file_in_use();
    grants_.erase(found);
    co_return Result<void>();
}

async::Task<Result<void>> MemoryFileCatalog::refer(FileReference reference) {
    const std::lock_guard lock(mutex_);
    const auto found = grants_.find(Key(reference.tenant, reference.sha256));
    if (found == grants_.end()) co_return no_such_file();
    found->second.holders.insert(std::move(reference.holder));
    co_return Result<void>();
}

async::Task<Result<void>> MemoryFileCatalog::release(FileReference reference) {
    const std::lock_guard lock(mutex_);
    const auto found = grants_.find(Key(reference.tenant, reference.sha256));
    if (found != grants_.end()) found->second.holders.erase(reference.holder);
    co_return Result<void>();
}

async::Task<Result<Claim>> MemoryFileCatalog::claim(BlobInfo blob, Timestamp now) {
    const std::lock_guard lock(mutex_);
    const auto [at, added] = blobs_.try_emplace(blob.sha256);
    if (at->second.is_condemned) co_return Claim::Condemned;
    at->second.size = blob.size;
    at->second.claimed_at = now;
    co_return added ? Claim::New : Claim::Known;
}

async::Task<Result<std::vector<Digest>>> MemoryFileCatalog::condemn(std::vector<Digest> blobs,
                                                                    Timestamp claimed_before) {
    const std::lock_guard lock(mutex_);
    std::vector<Digest> out;
    for (const auto& digest : blobs) {
        if (is_granted(digest)) continue;
        const auto [at, added] = blobs_.try_emplace(digest);
        if (!added && (at->second.is_condemned || at->second.claimed_at >= claimed_before)) {
            continue;
        }
        at->second.is_condemned = true;
        out.push_back(digest);
    }
    co_return out;
}

async::Task<Result<std::vector<Digest>>> MemoryFileCatalog::condemned(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<Digest> out;
    for (const auto& [digest, blob] : blobs_) {
        if (blob.is_condemned && out.size() < limit) out.push_back(digest);
    }
    co_return out;
}

async::Task<Result<void>> MemoryFileCatalog::forget(Digest blob) {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(blob);
    if (found != blobs_.end() && found->second.is_condemned) blobs_.erase(found);
    co_return Result<void>();
}

async::Task<Result<std::vector<LedgerEntry>>> MemoryFileCatalog::list(std::optional<Digest> after,
                                                                      std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<LedgerEntry> out;
    auto at = after ? blobs_.upper_bound(*after) : blobs_.begin();
    for (; at != blobs_.end() && out.size() < limit; ++at) {
        if (at->second.is_condemned) continue;
        LedgerEntry entry;
        entry.blob.sha256 = at->first;
        entry.blob.size = at->second.size;
        entry.health = at->second.is_damaged ? BlobHealth::Damaged : BlobHealth::Sound;
        entry.granted = is_granted(at->first);
        out.push_back(entry);
    }
    co_return out;
}

async::Task<Result<bool>> MemoryFileCatalog::note_health(Digest blob, BlobHealth health,
                                                         Timestamp looked_at) {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(blob);
    if (found == blobs_.end() || found->second.is_condemned) co_return false;
    if (found->second.claimed_at >= looked_at) co_return false;
    const bool damaged = health == BlobHealth::Damaged;
    const bool changed = found->second.is_damaged != damaged;
    found->second.is_damaged = damaged;
    co_return changed;
}

async::Task<Result<LedgerTotals>> MemoryFileCatalog::totals() {
    const std::lock_guard lock(mutex_);
    LedgerTotals totals;
    for (const auto& [digest, blob] : blobs_) {
        if (blob.is_condemned) continue;
        ++totals.blobs;
        totals.bytes += blob.size;
        totals.damaged += blob.is_damaged ? 1 : 0;
    }
    totals.files = grants_.size();
    co_return totals;
}

}  // namespace zs::files
