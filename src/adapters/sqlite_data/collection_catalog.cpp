#include "adapters/sqlite_data/collection_catalog.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json.hpp>

namespace zs::sqlite_data {
namespace {

namespace json = boost::json;

constexpr std::string_view kTables =
    "CREATE TABLE IF NOT EXISTS _zs_collections(name TEXT PRIMARY KEY COLLATE NOCASE, "
    "projection TEXT, created_at INTEGER NOT NULL, version INTEGER NOT NULL, backfill TEXT);"
    "CREATE TABLE IF NOT EXISTS _zs_streams(key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, "
    "byte_offset INTEGER NOT NULL, line INTEGER NOT NULL, documents INTEGER NOT NULL, "
    "place INTEGER NOT NULL, ingested INTEGER NOT NULL, ignored INTEGER NOT NULL, "
    "replaced INTEGER NOT NULL, errors INTEGER NOT NULL, batches INTEGER NOT NULL, "
    "updated_at INTEGER NOT NULL) WITHOUT ROWID;";

constexpr std::string_view kColumns =
    "SELECT c.name, c.projection, c.created_at, c.version, c.backfill FROM _zs_collections c "
    "JOIN sqlite_schema s ON s.type='table' AND s.name=c.name COLLATE NOCASE ";

// Before the first collection there is no catalogue; that is no error.
bool is_missing_table(const Error& error) {
    return error.reason == "no_such_table";
}

std::optional<data::Projection> parse_projection(std::string_view text, std::string_view name) {
    if (text.empty()) return std::nullopt;
    const auto parsed = parse_json(text);
    if (!parsed) return std::nullopt;
    auto projection = data::read_projection(*parsed, name);
    return projection ? *projection : std::nullopt;
}

std::string projection_text(const std::optional<data::Projection>& projection) {
    return projection ? write_json(data::show_projection(projection)) : std::string();
}

std::string backfill_text(const StoredBackfill& backfill) {
    json::object out;
    out.emplace("done", backfill.progress.done);
    out.emplace("total", backfill.progress.total);
    out.emplace("failure", backfill.progress.failure);
    out.emplace("last_row", backfill.last_row);
    out.emplace("next_row", backfill.next_row);
    out.emplace("running", backfill.running);
    out.emplace("old_projection", data::show_projection(backfill.old_projection));
    return write_json(out);
}

std::optional<StoredBackfill> parse_backfill(std::string_view text, std::string_view name) {
    if (text.empty()) return std::nullopt;
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const auto& object = parsed->get_object();
    const auto number = [&](std::string_view key) {
        const auto* value = object.if_contains(key);
        return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
    };
    StoredBackfill backfill;
    backfill.progress.done = static_cast<std::uint64_t>(number("done"));
    backfill.progress.total = static_cast<std::uint64_t>(number("total"));
    backfill.last_row = number("last_row");
    backfill.next_row = number("next_row");
    if (const auto* failure = object.if_contains("failure"); failure && failure->is_string()) {
        backfill.progress.failure = std::string(failure->get_string());
    }
    if (const auto* running = object.if_contains("running"); running && running->is_bool()) {
        backfill.running = running->get_bool();
    }
    if (const auto* old = object.if_contains("old_projection")) {
        auto projection = data::read_projection(*old, name);
        if (projection) backfill.old_projection = std::move(*projection);
    }
    return backfill;
}

CatalogEntry read_entry(const sqlite::Statement& row) {
    CatalogEntry entry;
    entry.collection.name = row.text(0);
    entry.collection.projection = parse_projection(row.text(1), row.text(0));
    entry.collection.created_at = from_unix_millis(row.integer(2));
    entry.collection.version = static_cast<std::uint64_t>(row.integer(3));
    entry.backfill = parse_backfill(row.text(4), row.text(0));
    if (entry.backfill && (entry.backfill->running || !entry.backfill->progress.failure.empty())) {
        entry.collection.backfill = entry.backfill->progress;
    }
    return entry;
}

}  // namespace

Result<void> make_collection_tables(sqlite::Connection& connection) {
    return connection.execute(kTables);
}

Result<std::vector<CatalogEntry>> list_collections(sqlite::Connection& connection) {
    std::vector<CatalogEntry> entries;
    auto query = connection.prepare_cached(std::string(kColumns) + "ORDER BY c.name");
    if (!query) {
        if (is_missing_table(query.error())) return entries;
        return std::move(query).error();
    }
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return entries;
        entries.push_back(read_entry(*query));
    }
}

Result<std::optional<CatalogEntry>> find_collection(sqlite::Connection& connection,
                                                    std::string_view name) {
    auto query = connection.prepare_cached(std::string(kColumns) + "WHERE c.name=?1");
    if (!query) {
        if (is_missing_table(query.error())) return std::optional<CatalogEntry>();
        return std::move(query).error();
    }
    auto bound = query->bind(1, name);
    if (!bound) return std::move(bound).error();
    const auto row = query->step();
    if (!row) return row.error();
    if (!*row) return std::optional<CatalogEntry>();
    return std::optional<CatalogEntry>(read_entry(*query));
}

Result<void> put_collection(sqlite::Connection& connection, const CatalogEntry& entry) {
    auto insert = connection.prepare_cached(
        "INSERT INTO _zs_collections(name, projection, created_at, version, backfill) "
        "VALUES(?1,?2,?3,?4,?5) ON CONFLICT(name) DO UPDATE SET projection=excluded.projection, "
        "created_at=excluded.created_at, version=excluded.version, backfill=excluded.backfill");
    if (!insert) return std::move(insert).error();
    const auto& collection = entry.collection;
    auto bound = insert->bind_all(collection.name, projection_text(collection.projection),
                                  to_unix_millis(collection.created_at),
                                  static_cast<std::int64_t>(collection.version),
                                  entry.backfill ? backfill_text(*entry.backfill) : std::string());
    if (!bound) return bound;
    return insert->run();
}

Result<void> remove_collection(sqlite::Connection& connection, std::string_view name) {
    auto remove = connection.prepare_cached("DELETE FROM _zs_collections WHERE name=?1");
    if (!remove) return std::move(remove).error();
    auto bound = remove->bind(1, name);
    if (!bound) return bound;
    return remove->run();
}

Result<std::uint64_t> collection_version(sqlite::Connection& connection, std::string_view name) {
    auto query = connection.prepare_cached("SELECT version FROM _zs_collections WHERE name=?1");
    if (!query) {
        if (is_missing_table(query.error())) return std::uint64_t{0};
        return std::move(query).error();
    }
    auto bound = query->bind(1, name);
    if (!bound) return std::move(bound).error();
    const auto row = query->step();
    if (!row) return row.error();
    return *row ? static_cast<std::uint64_t>(query->integer(0)) : std::uint64_t{0};
}

std::set<std::string, std::less<>> collection_names(sqlite::Connection& connection) {
    std::set<std::string, std::less<>> names;
    auto query = connection.prepare_cached("SELECT name FROM _zs_collections");
    if (!query) return names;
    while (true) {
        const auto row = query->step();
        if (!row || !*row) return names;
        names.insert(to_lower(query->text(0)));
    }
}

Result<std::optional<data::StreamState>> find_stream(sqlite::Connection& connection,
                                                     std::string_view key) {
    auto query = connection.prepare_cached(
        "SELECT key, request_hash, byte_offset, line, documents, place, ingested, ignored, "
        "replaced, errors, batches FROM _zs_streams WHERE key=?1");
    if (!query) {
        if (is_missing_table(query.error())) return std::optional<data::StreamState>();
        return std::move(query).error();
    }
    auto bound = query->bind(1, key);
    if (!bound) return std::move(bound).error();
    const auto row = query->step();
    if (!row) return row.error();
    if (!*row) return std::optional<data::StreamState>();
    const auto number = [&](int column) {
        return static_cast<std::uint64_t>(query->integer(column));
    };
    data::StreamState state;
    state.key = query->text(0);
    state.request_hash = query->text(1);
    state.position.offset = number(2);
    state.position.line = number(3);
    state.position.index = number(4);
    state.position.place = static_cast<documents::Place>(query->integer(5));
    state.counts.ingested = number(6);
    state.counts.ignored = number(7);
    state.counts.replaced = number(8);
    state.counts.errors = number(9);
    state.counts.batches = number(10);
    return std::optional<data::StreamState>(std::move(state));
}

Result<void> put_stream(sqlite::Connection& connection, const data::StreamState& state,
                        std::int64_t now_ms) {
    auto put = connection.prepare_cached(
        "INSERT OR REPLACE INTO _zs_streams VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)");
    if (!put) return std::move(put).error();
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    auto bound = put->bind_all(
        state.key, state.request_hash, number(state.position.offset), number(state.position.line),
        number(state.position.index), static_cast<int>(state.position.place),
        number(state.counts.ingested), number(state.counts.ignored), number(state.counts.replaced),
        number(state.counts.errors), number(state.counts.batches), now_ms);
    if (!bound) return bound;
    return put->run();
}

Result<void> forget_streams(sqlite::Connection& connection, std::int64_t before_ms) {
    auto forget = connection.prepare_cached("DELETE FROM _zs_streams WHERE updated_at<?1");
    if (!forget) return std::move(forget).error();
    auto bound = forget->bind(1, before_ms);
    if (!bound) return bound;
    return forget->run();
}

}  // namespace zs::sqlite_data
