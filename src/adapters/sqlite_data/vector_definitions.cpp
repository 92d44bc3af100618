#include "adapters/sqlite_data/vector_definitions.hpp"

#include "adapters/sqlite_data/tenant_database.hpp"

namespace zs::sqlite_data {
namespace {

using data::VectorIndexDefinition;
using Definitions = std::vector<VectorIndexDefinition>;

constexpr std::string_view kExists =
    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='_zs_vector_indexes'";
constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS _zs_vector_indexes ("
    "tbl TEXT NOT NULL COLLATE NOCASE, col TEXT NOT NULL COLLATE NOCASE, "
    "name TEXT NOT NULL COLLATE NOCASE UNIQUE, metric TEXT NOT NULL, storage TEXT NOT NULL, "
    "m INTEGER NOT NULL, ef_construction INTEGER NOT NULL, PRIMARY KEY (tbl, col)) WITHOUT ROWID";
constexpr std::string_view kList =
    "SELECT name, tbl, col, metric, storage, m, ef_construction FROM _zs_vector_indexes "
    "ORDER BY name";
constexpr std::string_view kPut =
    "INSERT INTO _zs_vector_indexes (name, tbl, col, metric, storage, m, ef_construction) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tbl, col) DO UPDATE SET "
    "name=excluded.name, metric=excluded.metric, storage=excluded.storage, m=excluded.m, "
    "ef_construction=excluded.ef_construction";
constexpr std::string_view kRemove = "DELETE FROM _zs_vector_indexes WHERE tbl=?1 AND col=?2";
constexpr std::string_view kDropOrphans =
    "DELETE FROM _zs_vector_indexes WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema s "
    "JOIN pragma_table_xinfo(s.name) c WHERE s.type='table' AND s.name=tbl COLLATE NOCASE "
    "AND c.name=col COLLATE NOCASE)";

Result<bool> table_exists(sqlite::Connection& connection) {
    auto query = connection.prepare_cached(kExists);
    if (!query) return std::move(query).error();
    return query->step();
}

// A row that an older or newer server wrote and this one cannot read is no index.
Result<std::optional<VectorIndexDefinition>> read_definition(const sqlite::Statement& row) {
    const auto metric = vector::parse_metric(row.text(3));
    const auto storage = vector::parse_scalar(row.text(4));
    if (!metric || !storage) return std::optional<VectorIndexDefinition>();
    VectorIndexDefinition definition;
    definition.name = row.text(0);
    definition.table = row.text(1);
    definition.column = row.text(2);
    definition.parameters.metric = *metric;
    definition.parameters.storage = *storage;
    definition.parameters.m = static_cast<std::uint32_t>(row.integer(5));
    definition.parameters.ef_construction = static_cast<std::uint32_t>(row.integer(6));
    return std::optional<VectorIndexDefinition>(std::move(definition));
}

Result<void> write_definition(sqlite::Connection& connection,
                              const VectorIndexDefinition& definition) {
    auto created = connection.execute(kCreate);
    if (!created) return created;
    auto put = connection.prepare_cached(kPut);
    if (!put) return std::move(put).error();
    const data::HnswParameters& parameters = definition.parameters;
    auto bound = put->bind_all(
        definition.name, definition.table, definition.column, vector::to_text(parameters.metric),
        vector::to_text(parameters.storage), static_cast<std::int64_t>(parameters.m),
        static_cast<std::int64_t>(parameters.ef_construction));
    if (!bound) return bound;
    return put->run();
}

// The engine's indexes and tables have names of their own, and DROP INDEX has to know one of two.
Result<void> check_name(sqlite::Connection& connection, const std::string& name) {
    auto look = connection.prepare_cached(
        "SELECT type FROM sqlite_schema WHERE name=?1 COLLATE NOCASE AND type<>'trigger'");
    if (!look) return std::move(look).error();
    auto bound = look->bind_all(name);
    if (!bound) return bound;
    const auto there = look->step();
    if (!there) return there.error();
    if (!*there) return {};
    const bool is_index = look->text(0) == "index";
    return conflict("there is " + std::string(is_index ? "an " : "a ") + std::string(look->text(0))
                        + " called '" + name + "': choose another name for the index",
                    "index_exists");
}

Result<void> erase_definition(sqlite::Connection& connection, const data::VectorColumn& column) {
    const auto exists = table_exists(connection);
    if (!exists) return exists.error();
    if (!*exists) return {};
    auto remove = connection.prepare_cached(kRemove);
    if (!remove) return std::move(remove).error();
    auto bound = remove->bind_all(column.table, column.column);
    if (!bound) return bound;
    return remove->run();
}

}  // namespace

Result<Definitions> read_definitions(sqlite::Connection& connection) {
    Definitions out;
    const auto exists = table_exists(connection);
    if (!exists) return exists.error();
    if (!*exists) return out;
    auto query = connection.prepare_cached(kList);
    if (!query) return std::move(query).error();
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return out;
        auto definition = read_definition(*query);
        if (!definition) return std::move(definition).error();
        if (*definition) out.push_back(std::move(**definition));
    }
}

async::Task<Result<Definitions>> SqliteVectorDefinitions::list_definitions(
    identity::Tenant tenant) {
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto read = [database = *database]() -> Result<Definitions> {
        using Use = TenantDatabase::Use;
        auto session = database->take_session_blocking(Use::Read);
        if (!session) return std::move(session).error();
        auto definitions = read_definitions((*session)->connection);
        database->give_session(Use::Read, std::move(*session));
        return definitions;
    };
    co_return co_await pool_.run(std::move(read));
}

async::Task<Result<void>> SqliteVectorDefinitions::put_definition(
    identity::Tenant tenant, VectorIndexDefinition definition) {
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto work = [home = database->get(), definition = std::move(definition)](
                    sqlite::Connection& connection) -> Result<void> {
        auto unused = check_name(connection, definition.name);
        if (!unused) return unused;
        auto put = write_definition(connection, definition);
        // For the writes behind this one; readers find it when it is durable.
        if (put) home->schema_changed();
        return put;
    };
    auto written = co_await (*database)->writer().run(std::move(work));
    if (written) (*database)->schema_changed();
    co_return written;
}

async::Task<Result<void>> SqliteVectorDefinitions::remove_definition(data::VectorColumn column) {
    auto database = co_await engine_.database(column.tenant);
    if (!database) co_return std::move(database).error();
    auto work = [column = std::move(column)](sqlite::Connection& connection) {
        return erase_definition(connection, column);
    };
    auto removed = co_await (*database)->writer().run(std::move(work));
    if (removed) (*database)->schema_changed();
    co_return removed;
}

Result<void> drop_orphaned_definitions(sqlite::Connection& connection) {
    const auto exists = table_exists(connection);
    if (!exists) return exists.error();
    if (!*exists) return {};
    auto drop = connection.prepare_cached(kDropOrphans);
    if (!drop) return std::move(drop).error();
    return drop->run();
}

}  // namespace zs::sqlite_data
