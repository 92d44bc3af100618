#include "server/commands/control_plane.hpp"

#include "server/config_load.hpp"
#include "server/settings.hpp"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace zs::server {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kQueueMax = 64;

std::string describe(const Config& config, const relational::DatabaseConfig& settings) {
    if (config.storage.backend == Backend::Postgres) {
        return "PostgreSQL " + without_password(settings.postgres_url.reveal());
    }
    return "SQLite " + settings.sqlite_path;
}

Result<void> make_private_folder(const std::filesystem::path& folder) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::absolute(folder).parent_path(), ignored);
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return unavailable("cannot make the data directory " + folder.string() + ": "
                       + std::strerror(errno));
}

}  // namespace

ControlPlane::ControlPlane(const Config&)
    : pool_("database", {.threads = kThreads, .queue_max = kQueueMax}) {
    io_.start();
}

Result<std::unique_ptr<ControlPlane>> ControlPlane::open_blocking(const Config& config) {
    auto settings = database_settings(config);
    if (config.storage.backend == Backend::Embedded) {
        auto folder = make_private_folder(config.server.data);
        if (!folder) return std::move(folder).error();
    }
    // One command at a time needs few connections.
    settings.connections_min = 0;
    settings.connections_max = kThreads;
    settings.readers_max = kThreads;
    std::unique_ptr<ControlPlane> out(new ControlPlane(config));
    out->description_ = describe(config, settings);
    auto database = relational::open_database(settings, out->pool_);
    if (!database) return std::move(database).error();
    out->database_ = std::move(*database);
    return out;
}

Result<void> ControlPlane::prepare_schema_blocking(const Config& config) {
    auto files = relational::embedded_migrations(database_->dialect());
    if (!files) return std::move(files).error();
    relational::Migrator migrator(*database_, clock_, std::move(*files));
    if (config.storage.auto_migrate) {
        auto done = run_blocking(migrator.up());
        if (!done) return std::move(done).error();
        return {};
    }
    const auto status = run_blocking(migrator.status());
    if (!status) return status.error();
    if (relational::is_up_to_date(*status)) return {};
    return conflict("the schema of " + description_
                    + " is not the one of this program; run: zserver migrate up");
}

}  // namespace zs::server
