#pragma once

#include "adapters/crypto/token_secrets.hpp"
#include "adapters/http/routes/file_routes.hpp"
#include "adapters/http/routes/worker_routes.hpp"
#include "adapters/http/server.hpp"
#include "adapters/localfs/local_blob_store.hpp"
#include "adapters/relational/open_database.hpp"
#include "adapters/sqlite_data/options.hpp"
#include "adapters/usearch/options.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/limits.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/files/limits.hpp"
#include "core/identity/identity_config.hpp"
#include "server/config.hpp"
#include "server/ws_route.hpp"

// The configuration in the words of each module.
namespace zs::server {

relational::DatabaseConfig database_settings(const Config& config);
crypto::ConfiguredSecrets secret_settings(const Config& config);
identity::IdentityConfig identity_settings(const Config& config);
data::SqlLimits sql_limits(const Config& config);
data::IngestLimits ingest_limits(const Config& config);
data::TransactionLimits transaction_limits(const Config& config);
sqlite_data::SqliteDataOptions engine_settings(const Config& config);
usearch::VectorOptions vector_settings(const Config& config);
files::Limits file_limits(const Config& config);
localfs::Options file_store_options(const Config& config);
http::FileRoutes::Options file_route_options(const Config& config);
http::WorkerRoutes::Options worker_route_options(const Config& config);
WsRoute::Options ws_route_options(const Config& config);
ws::WsConfig ws_settings(const Config& config);
events::Outbox::Limits event_queue_limits(const Config& config);
events::MemoryEventBus::Retention event_retention(const Config& config);
http::ServerConfig http_settings(const Config& config, const Endpoint& endpoint);

}  // namespace zs::server
