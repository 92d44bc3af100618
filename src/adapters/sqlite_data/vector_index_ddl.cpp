#include "adapters/sqlite_data/vector_index_ddl.hpp"

#include "adapters/sqlite_data/authorizer.hpp"
#include "adapters/sqlite_data/reader_session.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "async/sleep.hpp"
#include "base/encoding.hpp"
#include "core/data/vector_service.hpp"

#include <algorithm>
#include <array>

namespace zs::sqlite_data {
namespace {

using data::VectorIndexDefinition;
using identity::Right;
using Definitions = std::vector<VectorIndexDefinition>;
using Outcome = Result<std::optional<data::SqlSummary>>;

// How often it is looked whether a graph is built.
constexpr std::chrono::milliseconds kLookFirst{2};
constexpr std::chrono::milliseconds kLookLongest{200};

// What the database has of the names in a statement.
struct Surroundings {
    Definitions indexes;
    bool has_object = false;  // a table or an index of the engine is called like the index
    std::string column_type;  // upper case; of a Create
};

data::SqlSummary defined() {
    data::SqlSummary summary;
    summary.affected_rows = 0;
    summary.wrote = true;
    return summary;
}

Result<void> check_right(const data::SqlRequest& request, Right right) {
    if (request.rights->allows(identity::Resource::Indexes, right)) return {};
    return identity::missing_right(identity::Resource::Indexes, right);
}

Result<Surroundings> look_blocking(TenantDatabase& database, const VectorIndexDefinition& wanted) {
    auto reader = ReaderSession::take_blocking(database);
    if (!reader) return std::move(reader).error();
    Surroundings found;
    auto indexes = read_definitions(reader->connection());
    if (!indexes) return std::move(indexes).error();
    found.indexes = std::move(*indexes);
    auto object = reader->connection().prepare_cached(
        "SELECT 1 FROM sqlite_schema WHERE name=?1 COLLATE NOCASE");
    if (!object) return std::move(object).error();
    auto bound = object->bind_all(wanted.name);
    if (!bound) return std::move(bound).error();
    const auto there = object->step();
    if (!there) return there.error();
    found.has_object = *there;
    auto type = reader->connection().prepare_cached(
        "SELECT upper(type) FROM pragma_table_xinfo(?1) WHERE name=?2 COLLATE NOCASE");
    if (!type) return std::move(type).error();
    bound = type->bind_all(wanted.table, wanted.column);
    if (!bound) return std::move(bound).error();
    const auto typed = type->step();
    if (!typed) return typed.error();
    if (*typed) found.column_type = type->text(0);
    return found;
}

bool is_same_column(const VectorIndexDefinition& a, const VectorIndexDefinition& b) {
    return equals_ignoring_case(a.table, b.table) && equals_ignoring_case(a.column, b.column);
}

// Numbers can be told not to be vectors before there are rows.
bool is_number_type(std::string_view type) {
    constexpr std::array<std::string_view, 9> kNumbers = {
        "INT", "REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL", "BOOL", "DATE", "TIME"};
    return std::ranges::any_of(
        kNumbers, [&](std::string_view word) { return type.find(word) != std::string_view::npos; });
}

Error exists(const std::string& name) {
    return conflict("there is already something called '" + name + "'", "index_exists");
}

// True: there is nothing to do.
Result<bool> check_create(const IndexStatement& statement, const Surroundings& found) {
    const VectorIndexDefinition& wanted = statement.definition;
    if (is_reserved_name(wanted.name) || is_reserved_name(wanted.table)) {
        return forbidden("a reserved name is not allowed here", "statement_not_allowed");
    }
    for (const VectorIndexDefinition& other : found.indexes) {
        if (!wanted.name.empty() && equals_ignoring_case(other.name, wanted.name)) {
            if (statement.may_exist) return true;
            return exists(wanted.name);
        }
    }
    if (found.has_object && !wanted.name.empty()) return exists(wanted.name);
    for (const VectorIndexDefinition& other : found.indexes) {
        if (!is_same_column(other, wanted)) continue;
        return conflict(other.table + "." + other.column + " has the index '" + other.name
                            + "' already: drop it first",
                        "index_exists");
    }
    if (is_number_type(found.column_type)) {
        return invalid_argument("the column '" + wanted.column + "' is " + found.column_type
                                    + "; an index USING hnsw needs VECTOR(n), or a column that "
                                      "holds vectors as blobs or JSON",
                                "not_a_vector");
    }
    return false;
}

// What is not there is the statement's mistake, as everywhere in SQL.
Error as_statement_error(Error error) {
    if (error.code != ErrorCode::NotFound) return error;
    error.code = ErrorCode::InvalidArgument;
    return error;
}

async::Task<Result<void>> wait_until_ready(data::VectorIndexes& indexes, data::VectorColumn column,
                                           const data::SqlRequest& request) {
    auto pause = kLookFirst;
    while (true) {
        auto stats = co_await indexes.stats(column);
        if (!stats) co_return as_statement_error(std::move(stats).error());
        if (stats->info.state == data::VectorIndexState::Ready) co_return Result<void>();
        if (request.deadline.expired() || request.cancelled.stop_requested()) {
            co_return deadline_exceeded("the index '" + stats->info.definition.name
                                        + "' is defined and still being built; searches are "
                                          "exact meanwhile");
        }
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kLookLongest);
    }
}

async::Task<Outcome> create(data::VectorIndexes& indexes, IndexStatement statement,
                            Surroundings found, const data::SqlRequest& request) {
    auto allowed = check_right(request, Right::Create);
    if (!allowed) co_return std::move(allowed).error();
    auto valid = data::check_index_definition(statement.definition);
    if (!valid) co_return std::move(valid).error();
    auto done = check_create(statement, found);
    if (!done) co_return std::move(done).error();
    if (*done) co_return defined();
    data::VectorColumn column;
    column.tenant = request.tenant;
    column.table = statement.definition.table;
    column.column = statement.definition.column;
    auto built = co_await indexes.build(request.tenant, std::move(statement.definition),
                                        data::BuildWait::UntilDurable);
    if (!built) co_return as_statement_error(std::move(built).error());
    auto ready = co_await wait_until_ready(indexes, std::move(column), request);
    if (!ready) co_return std::move(ready).error();
    co_return defined();
}

}  // namespace

async::Task<Outcome> run_index_statement(TenantDatabase& database, data::VectorIndexes& indexes,
                                         async::BlockingPool& pool,
                                         const data::SqlRequest& request) {
    auto read = read_index_statement(request.sql);
    if (!read) co_return std::move(read).error();
    if (!*read) co_return std::optional<data::SqlSummary>();
    IndexStatement statement = std::move(**read);
    auto look = [&database, wanted = statement.definition] {
        return look_blocking(database, wanted);
    };
    auto found = co_await pool.run(std::move(look));
    if (!found) co_return std::move(found).error();
    if (statement.kind == IndexStatement::Kind::Create) {
        co_return co_await create(indexes, std::move(statement), std::move(*found), request);
    }
    const auto index = std::ranges::find_if(found->indexes, [&](const auto& candidate) {
        return equals_ignoring_case(candidate.name, statement.definition.name);
    });
    // Every other index is the engine's to drop.
    if (index == found->indexes.end()) co_return std::optional<data::SqlSummary>();
    auto allowed = check_right(request, Right::Delete);
    if (!allowed) co_return std::move(allowed).error();
    data::VectorColumn column;
    column.tenant = request.tenant;
    column.table = index->table;
    column.column = index->column;
    auto dropped = co_await indexes.drop(std::move(column));
    if (!dropped && dropped.error().code != ErrorCode::NotFound) {
        co_return std::move(dropped).error();
    }
    co_return defined();
}

}  // namespace zs::sqlite_data
