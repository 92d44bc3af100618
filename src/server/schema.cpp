#include "server/schema.hpp"

#include "adapters/relational/migrations.hpp"
#include "async/run_blocking.hpp"
#include "base/log.hpp"

#include <utility>

namespace zs::server {

Result<void> prepare_schema_blocking(async::Executor executor, relational::Database& database,
                                     const Clock& clock, SchemaPolicy policy) {
    auto files = relational::embedded_migrations(database.dialect());
    if (!files) return std::move(files).error();
    relational::Migrator migrator(database, clock, std::move(*files));
    if (policy == SchemaPolicy::Migrate) {
        auto done = async::run_blocking(executor, migrator.up());
        if (!done) return std::move(done).error();
        for (const auto& step : *done) {
            log::info("schema migrated", {{"version", step.version}, {"name", step.name}});
        }
        return {};
    }
    const auto status = async::run_blocking(executor, migrator.status());
    if (!status) return status.error();
    if (relational::is_up_to_date(*status)) return {};
    return conflict(
        "the database's schema is not the one of this program: look with `zserver migrate "
        "status`, then run `zserver migrate up` or set storage.auto_migrate");
}

}  // namespace zs::server
