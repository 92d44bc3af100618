#include "adapters/sqlite_data/text_indexes.hpp"

#include "adapters/sqlite_data/tenant_database.hpp"
#include "adapters/sqlite_data/text_index_sql.hpp"
#include "base/log.hpp"

#include <chrono>

namespace zs::sqlite_data {
namespace {

using data::TextIndexDefinition;
using data::TextIndexInfo;
using Use = TenantDatabase::Use;
using DatabasePtr = std::shared_ptr<TenantDatabase>;

// Rows that one piece of the filling takes: writers come in between.
constexpr std::int64_t kFillRows = 1000;

Error no_such_index(std::string_view table) {
    return not_found("table '" + std::string(table) + "' has no full-text index", "no_such_index");
}

// Runs `work` on a reader's session within the limits of a statement.
template <class Answer, class Work>
Result<Answer> read_limited(TenantDatabase& database, const data::SqlRequest& request,
                            const Work& work) {
    auto session = database.take_session_blocking(Use::Read);
    if (!session) return std::move(session).error();
    Result<Answer> answer = internal_error("nothing was read");
    {
        const EngineConnection::OwnWork limited((*session)->engine, request);
        answer = work((*session)->connection);
    }
    database.give_session(Use::Read, std::move(*session));
    return answer;
}

struct Defined {
    TextIndexSql sql;
    bool replaced = false;
};

Result<Defined> define(TenantDatabase& database, sqlite::Connection& connection,
                       const TextIndexDefinition& wanted) {
    auto definition = resolve_text_index(connection, wanted);
    if (!definition) return std::move(definition).error();
    Defined made;
    auto known = find_text_index(connection, definition->table);
    if (!known) return std::move(known).error();
    if (*known) {
        made.replaced = true;
        auto gone = remove_text_index(connection, (*known)->id);
        if (!gone) return std::move(gone).error();
    }
    auto id = add_text_index(connection, *definition);
    if (!id) return std::move(id).error();
    made.sql = TextIndexSql(*id, std::move(*definition));
    auto created = connection.execute(made.sql.create());
    if (!created) return std::move(created).error();
    // No row of a table changed.
    database.writer_engine(connection).recorder().set_redefined({});
    database.writer_engine(connection).forget_schema();
    return made;
}

// Fills the next rows. False: there were none, and the index is ready.
Result<bool> fill_more(sqlite::Connection& connection, std::int64_t id, std::string_view table) {
    auto state = find_text_index(connection, table);
    if (!state) return std::move(state).error();
    if (!*state || (*state)->id != id) {
        return conflict("the index was dropped or defined anew meanwhile", "index_replaced");
    }
    const TextIndexSql sql(id, (*state)->definition);
    auto next = connection.prepare(sql.next_row());
    if (!next) return std::move(next).error();
    auto bound = next->bind_all((*state)->filled_to, kFillRows);
    if (!bound) return std::move(bound).error();
    const auto row = next->step();
    if (!row) return row.error();
    const bool more = *row && !next->is_null(0);
    const std::int64_t last = more ? next->integer(0) : 0;
    next->reset();
    if (!more) {
        auto finished = finish_text_index(connection, sql.id());
        if (!finished) return std::move(finished).error();
        return false;
    }
    for (const auto& statement : {sql.forget_range(), sql.fill_range()}) {
        auto fill = connection.prepare(statement);
        if (!fill) return std::move(fill).error();
        auto range = fill->bind_all((*state)->filled_to, last);
        if (!range) return std::move(range).error();
        auto done = fill->run();
        if (!done) return std::move(done).error();
    }
    auto noted = note_text_index_progress(connection, sql.id(), last);
    if (!noted) return std::move(noted).error();
    return true;
}

struct Listed {
    std::vector<StoredTextIndex> stored;
    std::vector<TextIndexInfo> infos;  // of the same indexes
};

Result<Listed> list_blocking(sqlite::Connection& connection) {
    auto all = read_text_indexes(connection);
    if (!all) return std::move(all).error();
    Listed listed;
    for (const auto& each : *all) {
        TextIndexInfo info;
        auto rows = count_text_rows(connection, each.id);
        if (!rows) return std::move(rows).error();
        info.rows = *rows;
        info.ready = each.ready;
        info.definition = each.definition;
        listed.infos.push_back(std::move(info));
    }
    listed.stored = std::move(*all);
    return listed;
}

Error index_building(const data::TextQuery& query, std::int64_t id) {
    return conflict("the full-text index of '" + query.table + "' is being built: try again",
                    "index_building")
        .with("index", id);
}

Result<std::vector<data::TextHit>> search_blocking(sqlite::Connection& connection,
                                                   const data::TextQuery& query) {
    auto index = find_text_index(connection, query.table);
    if (!index) return std::move(index).error();
    if (!*index) return no_such_index(query.table);
    if (!(*index)->ready) return index_building(query, (*index)->id);
    auto search = connection.prepare_cached(
        TextIndexSql((*index)->id, std::move((*index)->definition)).search());
    if (!search) return std::move(search).error();
    auto bound = search->bind_all(query.expression, static_cast<std::int64_t>(query.top_k));
    if (!bound) return std::move(bound).error();
    std::vector<data::TextHit> hits;
    while (true) {
        const auto row = search->step();
        if (!row) return text_query_error(row.error());
        if (!*row) return hits;
        hits.push_back({search->integer(0), -search->real(1)});
    }
}

data::SqlRequest limits_of(const data::TextQuery& query) {
    data::SqlRequest request;
    request.deadline = query.deadline;
    request.cancelled = query.cancelled;
    return request;
}

}  // namespace

SqliteTextIndexes::SqliteTextIndexes(SqliteSqlEngine& engine, async::BlockingPool& pool,
                                     async::Executor executor)
    : engine_(engine), pool_(pool), fillings_(std::move(executor), "full-text fillings") {}

SqliteTextIndexes::~SqliteTextIndexes() {
    fillings_.cancel();
    fillings_.join_blocking();
}

bool SqliteTextIndexes::begin_filling(const FillKey& key) {
    const std::lock_guard lock(mutex_);
    return filling_.insert(key).second;
}

void SqliteTextIndexes::end_filling(const FillKey& key) {
    const std::lock_guard lock(mutex_);
    filling_.erase(key);
}

async::Task<Result<void>> SqliteTextIndexes::fill(identity::Tenant tenant, std::int64_t id,
                                                  std::string table) {
    while (true) {
        auto database = co_await engine_.database(tenant);
        if (!database) co_return std::move(database).error();
        auto piece = [id, table](sqlite::Connection& connection) {
            return fill_more(connection, id, table);
        };
        auto more = co_await (*database)->writer().run(std::move(piece));
        if (!more) co_return std::move(more).error();
        if (!*more) co_return Result<void>();
    }
}

void SqliteTextIndexes::go_on_filling(const identity::Tenant& tenant, std::int64_t id,
                                      const std::string& table) {
    const FillKey key(tenant, id);
    if (begin_filling(key)) fillings_.spawn(fill_again(key, table));
}

async::Task<> SqliteTextIndexes::fill_again(FillKey key, std::string table) {
    log::info("a full-text index is filled further", {{"table", table}});
    const auto filled = co_await fill(key.first, key.second, table);
    end_filling(key);
    if (!filled) {
        log::warn("a full-text index is not filled",
                  {{"table", table}, {"reason", filled.error().message}});
    }
}

async::Task<Result<data::TextBuild>> SqliteTextIndexes::build(identity::Tenant tenant,
                                                              TextIndexDefinition definition) {
    const auto began = std::chrono::steady_clock::now();
    auto opened = co_await engine_.database(tenant);
    if (!opened) co_return std::move(opened).error();
    const DatabasePtr database = *opened;
    auto make = [home = database.get(), wanted = std::move(definition)](
                    sqlite::Connection& connection) { return define(*home, connection, wanted); };
    auto made = co_await database->writer().run(std::move(make));
    if (!made) co_return std::move(made).error();
    database->schema_changed();
    const auto sql = std::make_shared<const TextIndexSql>(std::move(made->sql));
    const FillKey key(tenant, sql->id());
    (void)begin_filling(key);  // a search that came in between may have; both may fill
    auto filled = co_await fill(std::move(tenant), sql->id(), sql->definition().table);
    end_filling(key);
    if (!filled) co_return std::move(filled).error();
    auto count = [database, sql]() -> Result<std::uint64_t> {
        const data::SqlRequest unlimited;
        return read_limited<std::uint64_t>(*database, unlimited, [&](auto& connection) {
            return count_text_rows(connection, sql->id());
        });
    };
    auto rows = co_await pool_.run(std::move(count));
    if (!rows) co_return std::move(rows).error();
    data::TextBuild build;
    build.replaced = made->replaced;
    build.info.definition = sql->definition();
    build.info.rows = *rows;
    build.info.ready = true;
    build.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    co_return build;
}

async::Task<Result<std::vector<data::TextHit>>> SqliteTextIndexes::search(data::TextQuery query) {
    auto opened = co_await engine_.database(query.tenant);
    if (!opened) co_return std::move(opened).error();
    const auto asked = std::make_shared<const data::TextQuery>(std::move(query));
    auto look = [database = *opened, asked] {
        return read_limited<std::vector<data::TextHit>>(
            *database, limits_of(*asked),
            [&](auto& connection) { return search_blocking(connection, *asked); });
    };
    auto hits = co_await pool_.run(std::move(look));
    if (hits || hits.error().reason != "index_building") co_return hits;
    const Error building = hits.error();
    go_on_filling(asked->tenant, building.details.at("index").as_int64(), asked->table);
    co_return hits;
}

async::Task<Result<std::vector<TextIndexInfo>>> SqliteTextIndexes::list(identity::Tenant tenant) {
    auto opened = co_await engine_.database(tenant);
    if (!opened) co_return std::move(opened).error();
    auto read = [database = *opened] {
        const data::SqlRequest unlimited;
        return read_limited<Listed>(*database, unlimited,
                                    [](auto& connection) { return list_blocking(connection); });
    };
    auto listed = co_await pool_.run(std::move(read));
    if (!listed) co_return std::move(listed).error();
    for (const auto& each : listed->stored) {
        if (!each.ready) go_on_filling(tenant, each.id, each.definition.table);
    }
    co_return std::move(listed->infos);
}

async::Task<Result<void>> SqliteTextIndexes::drop(identity::Tenant tenant, std::string table) {
    auto opened = co_await engine_.database(std::move(tenant));
    if (!opened) co_return std::move(opened).error();
    const DatabasePtr database = *opened;
    auto work = [home = database.get(),
                 table = std::move(table)](sqlite::Connection& connection) -> Result<void> {
        auto index = find_text_index(connection, table);
        if (!index) return std::move(index).error();
        if (!*index) return no_such_index(table);
        home->writer_engine(connection).recorder().set_redefined({});
        home->writer_engine(connection).forget_schema();
        return remove_text_index(connection, (*index)->id);
    };
    auto dropped = co_await database->writer().run(std::move(work));
    if (dropped) database->schema_changed();
    co_return dropped;
}

}  // namespace zs::sqlite_data
