#include "adapters/sqlite_data/sqlite_change_journal.hpp"

#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/tenant_database.hpp"

namespace zs::sqlite_data {

async::Task<Result<data::ChangeMark>> SqliteChangeJournal::follow(identity::Tenant tenant,
                                                                  std::string table) {
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    (*database)->journal().expect(table);
    auto work = [home = database->get(), table](sqlite::Connection& connection) {
        return home->journal().follow_blocking(connection, table);
    };
    co_return co_await (*database)->writer().run(std::move(work));
}

async::Task<Result<std::optional<data::TableChanges>>> SqliteChangeJournal::changes_since(
    identity::Tenant tenant, std::string table, data::ChangeMark mark) {
    using Answer = Result<std::optional<data::TableChanges>>;
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto read = [database = *database, table, mark]() -> Answer {
        using Use = TenantDatabase::Use;
        auto session = database->take_session_blocking(Use::Read);
        if (!session) return std::move(session).error();
        auto changes = JournalTables::changes_since_blocking((*session)->connection, table, mark);
        database->give_session(Use::Read, std::move(*session));
        return changes;
    };
    co_return co_await pool_.run(std::move(read));
}

async::Task<Result<void>> SqliteChangeJournal::trim(identity::Tenant tenant, std::string table,
                                                    data::ChangeMark mark) {
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto work = [table, mark](sqlite::Connection& connection) {
        return JournalTables::trim_blocking(connection, table, mark);
    };
    co_return co_await (*database)->writer().run(std::move(work));
}

async::Task<Result<void>> SqliteChangeJournal::unfollow(identity::Tenant tenant,
                                                        std::string table) {
    auto database = co_await engine_.database(std::move(tenant));
    if (!database) co_return std::move(database).error();
    auto work = [home = database->get(), table](sqlite::Connection& connection) {
        return home->journal().unfollow_blocking(connection, table);
    };
    co_return co_await (*database)->writer().run(std::move(work));
}

async::Task<Result<bool>> SqliteChangeJournal::has_database(identity::Tenant tenant) {
    auto look = [this, tenant]() -> Result<bool> {
        return engine_.databases().exists_blocking(tenant);
    };
    co_return co_await pool_.run(std::move(look));
}

}  // namespace zs::sqlite_data
