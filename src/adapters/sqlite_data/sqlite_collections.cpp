#include "adapters/sqlite_data/sqlite_collections.hpp"

#include "adapters/sqlite_data/collection_tables.hpp"
#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/reader_session.hpp"
#include "adapters/sqlite_data/table_catalog.hpp"
#include "base/log.hpp"
#include "core/data/document_limits.hpp"

namespace zs::sqlite_data {
namespace {

using Database = DatabaseRegistry::Database;

// Work on a reader, outside any caller's statement.
template <class Work>
async::Task<std::invoke_result_t<Work&, ReaderSession&>> read(async::BlockingPool& pool,
                                                              Database database, Work work) {
    using Answer = std::invoke_result_t<Work&, ReaderSession&>;
    auto run = [database = std::move(database), work = std::move(work)]() mutable -> Answer {
        auto reader = ReaderSession::take_blocking(*database);
        if (!reader) return std::move(reader).error();
        return work(*reader);
    };
    co_return co_await pool.run(std::move(run));
}

std::uint64_t count_documents(ReaderSession& reader, const std::string& name) {
    return estimate_rows(reader.engine(), name);
}

}  // namespace

SqliteCollections::SqliteCollections(SqliteSqlEngine& engine, const Clock& clock,
                                     async::Executor executor)
    : engine_(engine), clock_(clock), backfills_(std::move(executor), "back-fills") {}

SqliteCollections::~SqliteCollections() {
    backfills_.cancel();
    backfills_.join_blocking();
}

async::Task<Result<std::vector<data::Collection>>> SqliteCollections::list(
    identity::Tenant tenant) {
    auto database = co_await engine_.databases().get(tenant);
    if (!database) co_return std::move(database).error();
    auto work = [](ReaderSession& reader) -> Result<std::vector<data::Collection>> {
        auto entries = list_collections(reader.connection());
        if (!entries) return std::move(entries).error();
        std::vector<data::Collection> out;
        for (auto& entry : *entries) {
            entry.collection.document_count = count_documents(reader, entry.collection.name);
            out.push_back(std::move(entry.collection));
        }
        return out;
    };
    auto listed = co_await read(engine_.pool(), std::move(*database), std::move(work));
    if (!listed) co_return listed;
    for (const auto& collection : *listed) {
        if (collection.backfill && collection.backfill->failure.empty()) {
            go_on_filling(tenant, collection.name);
        }
    }
    co_return listed;
}

async::Task<Result<data::Collection>> SqliteCollections::find(identity::Tenant tenant,
                                                              std::string name,
                                                              data::Counting counting) {
    auto database = co_await engine_.databases().get(tenant);
    if (!database) co_return std::move(database).error();
    auto work = [name, counting](ReaderSession& reader) -> Result<data::Collection> {
        auto entry = find_collection(reader.connection(), name);
        if (!entry) return std::move(entry).error();
        if (!*entry) {
            return not_found("no such collection: " + name.substr(0, 100), "no_such_collection");
        }
        auto collection = std::move((**entry).collection);
        if (counting == data::Counting::On) {
            collection.document_count = count_documents(reader, collection.name);
        }
        return collection;
    };
    auto found = co_await read(engine_.pool(), std::move(*database), std::move(work));
    if (found && found->backfill && found->backfill->failure.empty()) {
        go_on_filling(tenant, found->name);
    }
    co_return found;
}

async::Task<Result<data::CreatedCollection>> SqliteCollections::create(
    identity::Tenant tenant, data::Collection collection) {
    auto database = co_await engine_.databases().get(tenant);
    if (!database) co_return std::move(database).error();
    auto work = [home = database->get(),
                 collection = std::move(collection)](sqlite::Connection& connection) {
        return create_collection(*home, connection, collection);
    };
    auto created = co_await (*database)->writer().run(std::move(work));
    (*database)->schema_changed();
    if (!created || !created->existed) co_return created;
    auto found = co_await find(tenant, created->collection.name, data::Counting::On);
    if (found) created->collection = std::move(*found);
    co_return created;
}

async::Task<Result<void>> SqliteCollections::drop(identity::Tenant tenant, std::string name) {
    auto database = co_await engine_.databases().get(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto work = [home = database->get(), name](sqlite::Connection& connection) {
        return drop_collection(*home, connection, name);
    };
    auto dropped = co_await (*database)->writer().run(std::move(work));
    (*database)->schema_changed();
    co_return dropped;
}

async::Task<Result<data::ProjectedCollection>> SqliteCollections::project(
    identity::Tenant tenant, std::string name, std::optional<data::Projection> projection) {
    auto database = co_await engine_.databases().get(tenant);
    if (!database) co_return std::move(database).error();
    // Few documents are filled in the same commit, so that a failure changes nothing.
    auto work = [home = database->get(), name, projection = std::move(projection)](
                    sqlite::Connection& connection) -> Result<CatalogEntry> {
        auto entry = change_projection(*home, connection, name, projection);
        const bool few = entry && entry->backfill
                         && entry->backfill->progress.total <= data::limits::kBackfillAtOnceMax;
        while (few && entry && entry->backfill && entry->backfill->running) {
            entry = fill_slice(*home, connection, name, data::limits::kBackfillAtOnceMax + 1);
            if (!entry || entry->backfill->progress.failure.empty()) continue;
            Error failed;
            failed.code = ErrorCode::Unprocessable;
            failed.reason = "backfill_failed";
            failed.message = entry->backfill->progress.failure;
            return failed;
        }
        return entry;
    };
    auto changed = co_await (*database)->writer().run(std::move(work));
    (*database)->schema_changed();
    if (!changed) co_return std::move(changed).error();
    data::ProjectedCollection answer;
    if (changed->backfill) answer.backfilled = changed->backfill->progress.done;
    // Looking it up starts a back-fill that is to run.
    auto found = co_await find(tenant, name, data::Counting::On);
    if (!found) co_return std::move(found).error();
    answer.collection = std::move(*found);
    co_return answer;
}

void SqliteCollections::go_on_filling(const identity::Tenant& tenant, const std::string& name) {
    BackfillKey key(tenant, name);
    {
        const std::lock_guard lock(mutex_);
        if (!filling_.insert(key).second) return;
    }
    backfills_.spawn(fill(std::move(key)));
}

async::Task<> SqliteCollections::fill(BackfillKey key) {
    bool running = true;
    while (running) {
        auto database = co_await engine_.databases().get(key.first);
        if (!database) break;
        auto work = [home = database->get(), name = key.second](sqlite::Connection& connection) {
            return fill_slice(*home, connection, name, data::limits::kBackfillSlice);
        };
        auto entry = co_await (*database)->writer().run(std::move(work));
        if (!entry) {
            log::warn("a back-fill stopped", {{"error", entry.error().message}});
            break;
        }
        running = entry->backfill && entry->backfill->running;
        const bool failed = entry->backfill && !entry->backfill->progress.failure.empty();
        if (failed) (*database)->schema_changed();
    }
    const std::lock_guard lock(mutex_);
    filling_.erase(key);
}

}  // namespace zs::sqlite_data
