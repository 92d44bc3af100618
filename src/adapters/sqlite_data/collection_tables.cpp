#include "adapters/sqlite_data/collection_tables.hpp"

#include "adapters/sqlite_data/table_catalog.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "base/encoding.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/identifier.hpp"

namespace zs::sqlite_data {
namespace {

using data::DefinitionChange;
using data::ProjectedColumn;
using data::Projection;

Error no_such_collection(const std::string& name) {
    return not_found("no such collection: " + name.substr(0, 100), "no_such_collection");
}

Result<bool> has_table(sqlite::Connection& connection, const std::string& name) {
    auto query = connection.prepare_cached(
        "SELECT 1 FROM sqlite_schema WHERE name=?1 COLLATE NOCASE AND type IN ('table','view')");
    if (!query) return std::move(query).error();
    auto bound = query->bind(1, name);
    if (!bound) return std::move(bound).error();
    return query->step();
}

// Only columns of the collection's own table are columns here.
std::vector<ProjectedColumn> own_columns(const std::optional<Projection>& projection) {
    if (!projection || projection->table) return {};
    return projection->columns;
}

std::string index_name(const std::string& table, const std::string& column) {
    return "_zs_by_" + table + "_" + column;
}

Result<void> add_index(sqlite::Connection& connection, const std::string& table,
                       const ProjectedColumn& column) {
    if (!column.index) return {};
    return connection.execute(
        "CREATE INDEX IF NOT EXISTS " + data::quote_name(index_name(table, column.name)) + " ON "
        + data::quote_name(table) + "(" + data::quote_name(column.name) + ")");
}

// A column as a definition says it. Whatever way a value takes, a VECTOR(n) column holds vectors.
std::string column_text(const ProjectedColumn& column) {
    const std::string name = data::quote_name(column.name);
    std::string sql = name + " " + column.type;
    if (column.value_class == data::ColumnClass::Vector) {
        sql += " CHECK (vec_check(" + name + "," + std::to_string(column.dimensions) + "))";
    }
    return sql;
}

std::string table_text(const data::Collection& collection) {
    // Row ids stay: change capture and vector indexes know rows by them, random ids spread over a
    // small index and not over whole documents, and appending to a table is quick.
    std::string sql = "CREATE TABLE " + data::quote_name(collection.name)
                      + "(\"_id\" TEXT PRIMARY KEY NOT NULL, \"_ts\" TIMESTAMP NOT NULL, \"doc\" "
                        "JSON NOT NULL";
    for (const auto& column : own_columns(collection.projection))
        sql += ", " + column_text(column);
    return sql + ")";
}

Result<void> check_other_table(sqlite::Connection& connection,
                               const std::optional<Projection>& projection) {
    if (!projection || !projection->table) return {};
    for (const auto& column : projection->columns) {
        auto query = connection.prepare("SELECT " + data::quote_name(column.name) + " FROM "
                                        + data::quote_name(*projection->table));
        if (query) continue;
        return invalid_field("projection.table",
                             "projection: the table '" + *projection->table
                                 + "' is not there or has no column '" + column.name + "'",
                             "invalid_projection");
    }
    return {};
}

// A definition: compiled statements and whoever follows changes of the table have to look again,
// and its indexes go with what they were about.
Result<void> definition_ran(TenantDatabase& database, sqlite::Connection& connection,
                            data::ChangedDefinition changed) {
    auto& engine = database.writer_engine(connection);
    engine.recorder().set_redefined({std::move(changed)});
    engine.forget_schema();
    database.schema_changed();
    auto tidied = drop_orphaned_definitions(connection);
    return tidied ? drop_orphaned_text_indexes(connection) : tidied;
}

Result<void> count_collections(sqlite::Connection& connection) {
    auto all = list_collections(connection);
    if (!all) return std::move(all).error();
    if (all->size() < data::limits::kCollectionsMax) return {};
    return exhausted(
        "there are " + std::to_string(all->size()) + " collections, which is the limit",
        "collection_limit");
}

const ProjectedColumn* find_column(const std::vector<ProjectedColumn>& columns,
                                   const ProjectedColumn& wanted) {
    for (const auto& column : columns) {
        if (equals_ignoring_case(column.name, wanted.name) && column.path == wanted.path
            && column.type == wanted.type) {
            return &column;
        }
    }
    return nullptr;
}

Result<void> drop_columns(sqlite::Connection& connection, const std::string& table,
                          const std::vector<ProjectedColumn>& columns,
                          const std::vector<ProjectedColumn>& kept) {
    for (const auto& column : columns) {
        const auto* same = find_column(kept, column);
        if (same == nullptr || !same->index) {
            auto dropped = connection.execute("DROP INDEX IF EXISTS "
                                              + data::quote_name(index_name(table, column.name)));
            if (!dropped) return dropped;
        }
        if (same != nullptr) continue;
        auto dropped = connection.execute("ALTER TABLE " + data::quote_name(table) + " DROP COLUMN "
                                          + data::quote_name(column.name));
        if (!dropped) return dropped;
    }
    return {};
}

Result<void> add_columns(sqlite::Connection& connection, const std::string& table,
                         const std::vector<ProjectedColumn>& columns,
                         const std::vector<ProjectedColumn>& kept) {
    for (const auto& column : columns) {
        if (find_column(kept, column) == nullptr) {
            auto added = connection.execute("ALTER TABLE " + data::quote_name(table)
                                            + " ADD COLUMN " + column_text(column));
            if (!added) return added;
        }
        auto indexed = add_index(connection, table, column);
        if (!indexed) return indexed;
    }
    return {};
}

Result<std::int64_t> read_number(sqlite::Connection& connection, const std::string& sql) {
    auto query = connection.prepare(sql);
    if (!query) return std::move(query).error();
    auto row = query->step();
    if (!row) return std::move(row).error();
    return *row ? query->integer(0) : 0;
}

// Existing documents have to be looked at when a column is new, or newly required.
bool needs_backfill(const std::vector<ProjectedColumn>& columns,
                    const std::vector<ProjectedColumn>& old) {
    for (const auto& column : columns) {
        const auto* same = find_column(old, column);
        if (same == nullptr || (column.required && !same->required)) return true;
    }
    return false;
}

}  // namespace

Result<data::CreatedCollection> create_collection(TenantDatabase& database,
                                                  sqlite::Connection& connection,
                                                  const data::Collection& wanted) {
    auto known = find_collection(connection, wanted.name);
    if (!known) return std::move(known).error();
    if (*known) {
        auto& collection = (**known).collection;
        if (collection.projection != wanted.projection) {
            return conflict("the collection '" + wanted.name + "' exists with another projection",
                            "collection_exists");
        }
        data::CreatedCollection created = {std::move(collection), true};
        return created;
    }
    const auto taken = has_table(connection, wanted.name);
    if (!taken) return taken.error();
    if (*taken) return conflict("there is a table '" + wanted.name + "'", "table_exists");
    Result<void> made = count_collections(connection);
    if (made) made = check_other_table(connection, wanted.projection);
    if (made) made = make_collection_tables(connection);
    if (made) made = connection.execute(table_text(wanted));
    for (const auto& column : own_columns(wanted.projection)) {
        if (made) made = add_index(connection, wanted.name, column);
    }
    CatalogEntry entry;
    entry.collection = wanted;
    entry.collection.version = static_cast<std::uint64_t>(to_unix_millis(wanted.created_at)) << 10;
    if (made) made = put_collection(connection, entry);
    if (made) made = definition_ran(database, connection, {wanted.name, DefinitionChange::Created});
    if (!made) return std::move(made).error();
    data::CreatedCollection created = {std::move(entry.collection), false};
    return created;
}

Result<void> drop_collection(TenantDatabase& database, sqlite::Connection& connection,
                             const std::string& name) {
    auto known = find_collection(connection, name);
    if (!known) return std::move(known).error();
    if (!*known) return no_such_collection(name);
    auto dropped = remove_collection(connection, name);
    if (dropped) dropped = connection.execute("DROP TABLE " + data::quote_name(name));
    if (dropped)
        dropped = definition_ran(database, connection,
                                 {(*known)->collection.name, DefinitionChange::Deleted});
    return dropped;
}

Result<CatalogEntry> change_projection(TenantDatabase& database, sqlite::Connection& connection,
                                       const std::string& name,
                                       const std::optional<Projection>& projection) {
    auto known = find_collection(connection, name);
    if (!known) return std::move(known).error();
    if (!*known) return no_such_collection(name);
    CatalogEntry entry = std::move(**known);
    if (entry.backfill && entry.backfill->running) {
        return conflict("the last projection is still being filled", "backfill_running");
    }
    const auto old = own_columns(entry.collection.projection);
    const auto wanted = own_columns(projection);
    auto changed = check_other_table(connection, projection);
    if (changed) changed = drop_columns(connection, entry.collection.name, old, wanted);
    if (changed) changed = add_columns(connection, entry.collection.name, wanted, old);
    if (!changed) return std::move(changed).error();
    entry.backfill.reset();
    if (needs_backfill(wanted, old)) {
        const auto last = read_number(
            connection, "SELECT max(rowid) FROM " + data::quote_name(entry.collection.name));
        if (!last) return last.error();
        StoredBackfill backfill;
        backfill.last_row = *last;
        backfill.running = *last > 0;
        backfill.progress.total =
            estimate_rows(database.writer_engine(connection), entry.collection.name);
        backfill.old_projection = entry.collection.projection;
        if (backfill.running) entry.backfill = std::move(backfill);
    }
    entry.collection.projection = projection;
    ++entry.collection.version;
    auto put = put_collection(connection, entry);
    if (put)
        put = definition_ran(database, connection,
                             {entry.collection.name, DefinitionChange::Altered});
    if (!put) return std::move(put).error();
    return entry;
}

}  // namespace zs::sqlite_data
