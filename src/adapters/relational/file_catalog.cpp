#include "adapters/relational/file_catalog.hpp"

#include "core/files/digest.hpp"

namespace zs::relational {

using files::Digest;
using files::FileQuery;
using files::FileRecord;
using files::FileReference;
using files::Granted;
using identity::Tenant;

namespace {

constexpr const char* kSelect =
    "select f.org_id, f.env_slug, f.sha256, f.size, f.content_type, f.created_at,"
    " case when b.damaged_at is null then 0 else 1 end"
    " from files f join file_blobs b on b.sha256 = f.sha256 where f.org_id = ? and f.env_slug = ?";

Result<FileRecord> record_of(const Row& row) {
    const auto digest = Digest::parse(row.text(2));
    if (!digest) return data_loss("a row of the file catalog cannot be read");
    FileRecord record;
    record.tenant = {row.text(0), row.text(1)};
    record.sha256 = *digest;
    record.size = static_cast<std::uint64_t>(row.integer(3));
    record.content_type = row.text(4);
    record.created_at = row.time(5);
    record.damaged = row.boolean(6);
    return record;
}

Result<std::optional<FileRecord>> find_in(Session& session, const Tenant& tenant,
                                          const Digest& sha256) {
    auto rows = session.query_with(std::string(kSelect) + " and f.sha256 = ?", tenant.org_id,
                                   tenant.env_slug, sha256);
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return std::optional<FileRecord>();
    auto record = record_of(rows->front());
    if (!record) return std::move(record).error();
    return std::optional(std::move(*record));
}

Result<Granted> grant_in(Session& session, const FileRecord& record) {
    auto sound = session.execute_with(
        "update file_blobs set damaged_at = null where sha256 = ? and state = 'live'",
        record.sha256);
    if (!sound) return std::move(sound).error();
    if (*sound == 0) return files::blob_gone();
    auto added = session.execute_with(
        "insert into files (org_id, env_slug, sha256, size, content_type, created_at)"
        " values (?, ?, ?, ?, ?, ?) on conflict (org_id, env_slug, sha256) do nothing",
        record.tenant.org_id, record.tenant.env_slug, record.sha256, record.size,
        record.content_type, record.created_at);
    if (!added) return std::move(added).error();
    auto found = find_in(session, record.tenant, record.sha256);
    if (!found) return std::move(found).error();
    if (!*found) return unavailable("the file changed hands; try again");
    Granted granted;
    granted.record = std::move(**found);
    granted.created = *added == 1;
    return granted;
}

Result<std::vector<FileRecord>> list_in(Session& session, const FileQuery& query) {
    constexpr const char* kOrder = " order by f.created_at desc, f.sha256 desc limit ?";
    const std::string text = kSelect;
    const auto& tenant = query.tenant;
    auto rows =
        query.before
            ? session.query_with(
                text + " and (f.created_at < ? or (f.created_at = ? and f.sha256 < ?))" + kOrder,
                tenant.org_id, tenant.env_slug, query.before->first, query.before->first,
                query.before->second, query.limit)
            : session.query_with(text + kOrder, tenant.org_id, tenant.env_slug, query.limit);
    if (!rows) return std::move(rows).error();
    std::vector<FileRecord> out;
    for (const auto& row : *rows) {
        auto record = record_of(row);
        if (!record) return std::move(record).error();
        out.push_back(std::move(*record));
    }
    return out;
}

Result<void> remove_in(Session& session, const Tenant& tenant, const Digest& sha256) {
    auto held = session.query_with(
        "select 1 from file_references where org_id = ? and env_slug = ? and sha256 = ?"
        " union all select 1 from job_files where org_id = ? and env_slug = ? and sha256 = ?"
        " limit 1",
        tenant.org_id, tenant.env_slug, sha256, tenant.org_id, tenant.env_slug, sha256);
    if (!held) return std::move(held).error();
    if (!held->empty()) return files::file_in_use();
    auto removed =
        session.execute_with("delete from files where org_id = ? and env_slug = ? and sha256 = ?",
                             tenant.org_id, tenant.env_slug, sha256);
    if (!removed) return std::move(removed).error();
    if (*removed == 0) return files::no_such_file();
    return {};
}

Result<void> refer_in(Session& session, const FileReference& reference) {
    const auto& tenant = reference.tenant;
    auto found = find_in(session, tenant, reference.sha256);
    if (!found) return std::move(found).error();
    if (!*found) return files::no_such_file();
    auto added = session.execute_with(
        "insert into file_references (org_id, env_slug, sha256, holder) values (?, ?, ?, ?)"
        " on conflict (org_id, env_slug, sha256, holder) do nothing",
        tenant.org_id, tenant.env_slug, reference.sha256, reference.holder);
    if (!added) return std::move(added).error();
    return {};
}

Result<void> release_in(Session& session, const FileReference& reference) {
    auto removed = session.execute_with(
        "delete from file_references"
        " where org_id = ? and env_slug = ? and sha256 = ? and holder = ?",
        reference.tenant.org_id, reference.tenant.env_slug, reference.sha256, reference.holder);
    if (!removed) return std::move(removed).error();
    return {};
}

}  // namespace

async::Task<Result<Granted>> SqlFileCatalog::grant(FileRecord record) {
    auto work = [record = std::move(record)](Session& session) {
        return grant_in(session, record);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::optional<FileRecord>>> SqlFileCatalog::find(Tenant tenant, Digest sha256) {
    auto work = [tenant = std::move(tenant), sha256](Session& session) {
        return find_in(session, tenant, sha256);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<FileRecord>>> SqlFileCatalog::list(FileQuery query) {
    auto work = [query = std::move(query)](Session& session) { return list_in(session, query); };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<void>> SqlFileCatalog::remove(Tenant tenant, Digest sha256) {
    auto work = [tenant = std::move(tenant), sha256](Session& session) {
        return remove_in(session, tenant, sha256);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlFileCatalog::refer(FileReference reference) {
    auto work = [reference = std::move(reference)](Session& session) {
        return refer_in(session, reference);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlFileCatalog::release(FileReference reference) {
    auto work = [reference = std::move(reference)](Session& session) {
        return release_in(session, reference);
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
