#include "adapters/sqlite_data/collection_catalog.hpp"
#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/document_reads.hpp"
#include "adapters/sqlite_data/document_writer.hpp"
#include "adapters/sqlite_data/reader_session.hpp"
#include "adapters/sqlite_data/sqlite_collections.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/data/collection_service.hpp"
#include "core/data/identifier.hpp"
#include "core/data/merge_patch.hpp"

#include <boost/json.hpp>

namespace zs::sqlite_data {
namespace {

constexpr std::int64_t kStreamKeptMs = std::int64_t{24} * 3600 * 1000;
// Says that work was undone on purpose; its outcome is beside it.
constexpr const char* kUndone = "zs_undone";

Error no_such_document(const std::string& id) {
    return not_found("no such document: " + id.substr(0, 100), "no_such_document");
}

}  // namespace

async::Task<Result<data::DocumentWritten>> SqliteCollections::write(data::DocumentWrite write) {
    auto database = co_await engine_.databases().get(write.scope.tenant);
    if (!database) co_return std::move(database).error();
    const auto shared = std::make_shared<const data::DocumentWrite>(std::move(write));
    const auto outcome = std::make_shared<WriteOutcome>();
    const Timestamp now = clock_.now();
    auto work = [home = database->get(), shared, outcome,
                 now](sqlite::Connection& connection) -> Result<void> {
        if (shared->stream) {
            auto made = make_collection_tables(connection);
            if (!made) return made;
        }
        auto written = write_documents(*home, connection, *shared, now);
        if (!written) return std::move(written).error();
        *outcome = std::move(*written);
        if (outcome->undo) return conflict("undone", kUndone);
        return {};
    };
    auto done = co_await (*database)->writer().run(std::move(work));
    if (!done && done.error().reason != kUndone) co_return std::move(done).error();
    co_return std::move(outcome->written);
}

async::Task<Result<data::StoredDocument>> SqliteCollections::find(data::DocumentScope scope,
                                                                  std::string id) {
    auto rows = std::make_shared<DocumentRows>();
    auto request = find_request(scope, id);
    auto found = co_await engine_.execute(std::move(request), rows);
    if (!found) co_return std::move(found).error();
    if (rows->documents.empty()) co_return no_such_document(id);
    auto& first = rows->documents.front();
    data::StoredDocument document;
    document.id = std::move(first.id);
    document.timestamp = std::move(first.timestamp);
    document.json = std::move(first.json);
    co_return document;
}

async::Task<Result<std::vector<data::FoundDocument>>> SqliteCollections::list(
    data::DocumentScope scope, data::DocumentQuery query) {
    auto rows = std::make_shared<DocumentRows>();
    auto request = list_request(scope, query);
    auto found = co_await engine_.execute(std::move(request), rows);
    if (!found) co_return std::move(found).error();
    co_return std::move(rows->documents);
}

async::Task<Result<data::DocumentPiece>> SqliteCollections::read_piece(data::DocumentScope scope,
                                                                       data::DocumentCursor after) {
    auto rows = std::make_shared<PieceRows>();
    auto request = piece_request(scope, after);
    auto read = co_await engine_.execute(std::move(request), rows);
    const bool full = !read && read.error().reason == PieceRows::kEnough;
    if (!read && !full) co_return std::move(read).error();
    if (full || read->truncated) rows->piece.next = rows->last_row;
    co_return std::move(rows->piece);
}

async::Task<Result<void>> SqliteCollections::remove(data::DocumentScope scope, std::string id) {
    auto request = find_request(scope, id);
    request.sql = "DELETE FROM " + data::quote_name(scope.collection->name) + " WHERE \"_id\"=?1";
    auto removed = co_await engine_.execute(std::move(request), nullptr);
    if (!removed) co_return std::move(removed).error();
    if (removed->affected_rows.value_or(0) == 0) co_return no_such_document(id);
    co_return Result<void>();
}

namespace {

// Reads, merges and stores in one piece of work, so that nobody's change is lost in between.
Result<data::StoredDocument> merge_document(TenantDatabase& database,
                                            sqlite::Connection& connection,
                                            const data::DocumentScope& scope, const std::string& id,
                                            const boost::json::object& patch, Timestamp now) {
    std::string before;
    {
        auto query =
            connection.prepare("SELECT \"doc\" FROM " + data::quote_name(scope.collection->name)
                               + " WHERE \"_id\"=?1");
        if (!query) return std::move(query).error();
        auto bound = query->bind(1, id);
        if (!bound) return std::move(bound).error();
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return no_such_document(id);
        before = query->text(0);
    }
    auto value = parse_json(before);
    if (!value) return conflict("the stored document is not JSON: replace it", "invalid_document");
    data::merge_patch(*value, patch);
    data::StoredDocument after;
    after.id = id;
    after.timestamp = document_timestamp(now);
    after.json = write_json(*value);
    auto wanted = data::extraction_of(*scope.collection);
    wanted.default_id = id;
    documents::DocumentReader reader(documents::Form::Values, std::move(wanted), {});
    reader.feed(after.json);
    reader.finish();
    data::DocumentWrite write;
    write.scope = scope;
    write.on_conflict = data::OnConflict::Replace;
    write.batches.push_back(reader.take());
    auto written = write_documents(database, connection, write, now);
    if (!written) return std::move(written).error();
    if (written->written.errors.empty()) return after;
    const auto& first = written->written.errors.front();
    if (first.code == "document_too_large") return too_large(first.message, first.code);
    return unprocessable(first.message, "doc");
}

}  // namespace

async::Task<Result<data::StoredDocument>> SqliteCollections::merge(data::DocumentScope scope,
                                                                   std::string id,
                                                                   boost::json::object patch) {
    auto database = co_await engine_.databases().get(scope.tenant);
    if (!database) co_return std::move(database).error();
    auto work = [home = database->get(), scope = std::move(scope), id = std::move(id),
                 patch = std::move(patch), now = clock_.now()](sqlite::Connection& connection) {
        return merge_document(*home, connection, scope, id, patch, now);
    };
    co_return co_await (*database)->writer().run(std::move(work));
}

async::Task<Result<std::optional<data::StreamState>>> SqliteCollections::stream(
    identity::Tenant tenant, std::string key) {
    auto database = co_await engine_.databases().get(std::move(tenant));
    if (!database) co_return std::move(database).error();
    const std::int64_t too_old = to_unix_millis(clock_.now()) - kStreamKeptMs;
    auto work = [key = std::move(key), too_old](
                    sqlite::Connection& connection) -> Result<std::optional<data::StreamState>> {
        auto made = make_collection_tables(connection);
        if (made) made = forget_streams(connection, too_old);
        if (!made) return std::move(made).error();
        return find_stream(connection, key);
    };
    co_return co_await (*database)->writer().run(std::move(work));
}

}  // namespace zs::sqlite_data
