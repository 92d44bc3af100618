#include "server/commands/control_plane.hpp"

#include "server/config_load.hpp"
#include "server/data_directory.hpp"
#include "server/schema.hpp"
#include "server/settings.hpp"

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

}  // namespace

ControlPlane::ControlPlane(const Config&)
    : pool_("database", {.threads = kThreads, .queue_max = kQueueMax}) {
    io_.start();
}

Result<std::unique_ptr<ControlPlane>> ControlPlane::open_blocking(const Config& config) {
    auto settings = database_settings(config);
    if (config.storage.backend == Backend::Embedded) {
        auto folder = make_data_folder_blocking(config.server.data);
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
    return server::prepare_schema_blocking(
        io_.executor(), *database_, clock_,
        config.storage.auto_migrate ? SchemaPolicy::Migrate : SchemaPolicy::OnlyCheck);
}

}  // namespace zs::server
