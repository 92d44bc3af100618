#include "adapters/relational/blob_ledger.hpp"

namespace zs::relational {

using files::BlobHealth;
using files::BlobInfo;
using files::Claim;
using files::Digest;
using files::LedgerEntry;
using files::LedgerTotals;

namespace {

constexpr const char* kNobodyHasIt =
    " and not exists (select 1 from files f where f.sha256 = file_blobs.sha256)"
    " and not exists (select 1 from job_artifacts a where a.sha256 = file_blobs.sha256)";

Result<Digest> digest_of(const Row& row) {
    auto digest = Digest::parse(row.text(0));
    if (!digest) return data_loss("a row of the blob ledger cannot be read");
    return digest;
}

Result<Claim> claim_in(Session& session, const BlobInfo& blob, Timestamp now) {
    auto added = session.execute_with(
        "insert into file_blobs (sha256, size, state, claimed_at) values (?, ?, 'live', ?)"
        " on conflict (sha256) do nothing",
        blob.sha256, blob.size, now);
    if (!added) return std::move(added).error();
    if (*added == 1) return Claim::New;
    auto claimed = session.execute_with(
        "update file_blobs set size = ?, claimed_at = ? where sha256 = ? and state = 'live'",
        blob.size, now, blob.sha256);
    if (!claimed) return std::move(claimed).error();
    return *claimed == 1 ? Claim::Known : Claim::Condemned;
}

Result<bool> condemn_one(Session& session, const Digest& blob, Timestamp claimed_before) {
    auto condemned =
        session.execute_with(std::string("update file_blobs set state = 'condemned'"
                                         " where sha256 = ? and state = 'live' and claimed_at < ?")
                                 + kNobodyHasIt,
                             blob, claimed_before);
    if (!condemned) return std::move(condemned).error();
    if (*condemned == 1) return true;
    // A blob that the ledger never heard of.
    auto added = session.execute_with(
        "insert into file_blobs (sha256, size, state, claimed_at) values (?, 0, 'condemned', 0)"
        " on conflict (sha256) do nothing",
        blob);
    if (!added) return std::move(added).error();
    return *added == 1;
}

Result<std::vector<Digest>> condemn_in(Session& session, const std::vector<Digest>& blobs,
                                       Timestamp claimed_before) {
    std::vector<Digest> out;
    for (const auto& blob : blobs) {
        auto condemned = condemn_one(session, blob, claimed_before);
        if (!condemned) return std::move(condemned).error();
        if (*condemned) out.push_back(blob);
    }
    return out;
}

Result<std::vector<Digest>> condemned_in(Session& session, std::size_t limit) {
    auto rows = session.query_with(
        "select sha256 from file_blobs where state = 'condemned' order by sha256 limit ?", limit);
    if (!rows) return std::move(rows).error();
    std::vector<Digest> out;
    for (const auto& row : *rows) {
        auto digest = digest_of(row);
        if (!digest) return std::move(digest).error();
        out.push_back(*digest);
    }
    return out;
}

Result<std::vector<LedgerEntry>> list_in(Session& session, const std::optional<Digest>& after,
                                         std::size_t limit) {
    auto rows = session.query_with(
        "select sha256, size, case when damaged_at is null then 0 else 1 end,"
        " case when exists (select 1 from files f where f.sha256 = file_blobs.sha256)"
        " or exists (select 1 from job_artifacts a where a.sha256 = file_blobs.sha256)"
        " then 1 else 0 end"
        " from file_blobs where state = 'live' and sha256 > ? order by sha256 limit ?",
        after ? after->to_string() : std::string(), limit);
    if (!rows) return std::move(rows).error();
    std::vector<LedgerEntry> out;
    for (const auto& row : *rows) {
        auto digest = digest_of(row);
        if (!digest) return std::move(digest).error();
        LedgerEntry entry;
        entry.blob.sha256 = *digest;
        entry.blob.size = static_cast<std::uint64_t>(row.integer(1));
        entry.health = row.boolean(2) ? BlobHealth::Damaged : BlobHealth::Sound;
        entry.granted = row.boolean(3);
        out.push_back(entry);
    }
    return out;
}

Result<bool> note_in(Session& session, const Digest& blob, BlobHealth health, Timestamp looked_at) {
    auto noted = health == BlobHealth::Damaged
                     ? session.execute_with(
                         "update file_blobs set damaged_at = ? where sha256 = ? and state = 'live'"
                         " and claimed_at < ? and damaged_at is null",
                         looked_at, blob, looked_at)
                     : session.execute_with(
                         "update file_blobs set damaged_at = null where sha256 = ?"
                         " and state = 'live' and claimed_at < ? and damaged_at is not null",
                         blob, looked_at);
    if (!noted) return std::move(noted).error();
    return *noted == 1;
}

Result<LedgerTotals> totals_in(Session& session) {
    // sum() of integers is a decimal in one dialect: it is cast back.
    auto rows = session.query_with(
        "select count(*), cast(coalesce(sum(size), 0) as bigint), count(damaged_at),"
        " (select count(*) from files) from file_blobs where state = 'live'");
    if (!rows) return std::move(rows).error();
    const Row& row = rows->front();
    LedgerTotals totals;
    totals.blobs = static_cast<std::uint64_t>(row.integer(0));
    totals.bytes = static_cast<std::uint64_t>(row.integer(1));
    totals.damaged = static_cast<std::uint64_t>(row.integer(2));
    totals.files = static_cast<std::uint64_t>(row.integer(3));
    return totals;
}

}  // namespace

async::Task<Result<Claim>> SqlBlobLedger::claim(BlobInfo blob, Timestamp now) {
    auto work = [blob, now](Session& session) { return claim_in(session, blob, now); };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<Digest>>> SqlBlobLedger::condemn(std::vector<Digest> blobs,
                                                                Timestamp claimed_before) {
    auto work = [blobs = std::move(blobs), claimed_before](Session& session) {
        return condemn_in(session, blobs, claimed_before);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<Digest>>> SqlBlobLedger::condemned(std::size_t limit) {
    auto work = [limit](Session& session) { return condemned_in(session, limit); };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<void>> SqlBlobLedger::forget(Digest blob) {
    auto work = [blob](Session& session) -> Result<void> {
        auto removed = session.execute_with(
            "delete from file_blobs where sha256 = ? and state = 'condemned'", blob);
        if (!removed) return std::move(removed).error();
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<LedgerEntry>>> SqlBlobLedger::list(std::optional<Digest> after,
                                                                  std::size_t limit) {
    auto work = [after, limit](Session& session) { return list_in(session, after, limit); };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<bool>> SqlBlobLedger::note_health(Digest blob, BlobHealth health,
                                                     Timestamp looked_at) {
    auto work = [blob, health, looked_at](Session& session) {
        return note_in(session, blob, health, looked_at);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<LedgerTotals>> SqlBlobLedger::totals() {
    auto work = [](Session& session) { return totals_in(session); };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
