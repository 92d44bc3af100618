#include "server/settings.hpp"

namespace zs::server {

relational::DatabaseConfig database_settings(const Config& config) {
    const StorageSection& storage = config.storage;
    relational::DatabaseConfig out;
    out.sqlite_path = (config.server.data / "control.db").string();
    if (storage.backend == Backend::Postgres) out.postgres_url = *storage.postgres_url;
    out.readers_max = storage.reader_threads;
    out.connections_max = storage.connections_max;
    out.connections_min = storage.connections_min;
    out.connection_timeout = storage.connection_timeout;
    out.idle_timeout = storage.idle_timeout;
    return out;
}

crypto::ConfiguredSecrets secret_settings(const Config& config) {
    return {.access = config.auth.jwt_secret,
            .refresh = config.auth.jwt_refresh_secret,
            .previous = config.auth.jwt_secret_previous,
            .dev = config.auth.dev_secret};
}

identity::IdentityConfig identity_settings(const Config& config) {
    const AuthSection& auth = config.auth;
    identity::IdentityConfig out;
    out.default_org = auth.default_org;
    out.default_role = auth.default_role;
    out.signup =
        auth.signup == Signup::Open ? identity::SignupMode::Open : identity::SignupMode::Closed;
    out.access_ttl = auth.access_ttl;
    out.refresh_ttl = auth.refresh_ttl;
    out.session_ttl_max = auth.session_ttl_max;
    out.issuer = auth.issuer;
    out.audience = auth.audience;
    out.dev_mode = config.dev;
    out.dev_org = auth.dev_org;
    out.attempts.login_per_account.budget = auth.login_per_account;
    out.attempts.login_per_ip.budget = auth.login_per_ip;
    out.attempts.signup_per_ip.budget = auth.signup_per_ip;
    out.attempts.refresh_per_ip.budget = auth.refresh_per_ip;
    return out;
}

data::SqlLimits sql_limits(const Config& config) {
    const SqlSection& sql = config.sql;
    data::SqlLimits out;
    out.text_bytes_max = sql.text_bytes_max;
    out.timeout_default = sql.timeout;
    out.timeout_max = sql.timeout_max;
    out.rows_default = sql.rows_max;
    return out;
}

data::IngestLimits ingest_limits(const Config& config) {
    const IngestSection& ingest = config.ingest;
    data::IngestLimits out;
    out.body_bytes_max = ingest.body_bytes_max;
    out.document_bytes_max = ingest.document_bytes_max;
    out.batch_documents_max = ingest.batch_documents_max;
    out.batch_bytes_max = ingest.batch_bytes_max;
    out.streams_max = ingest.streams_max;
    out.vector_dimensions_max = config.vectors.dimensions_max;
    return out;
}

data::TransactionLimits transaction_limits(const Config& config) {
    const SqlSection& sql = config.sql;
    data::TransactionLimits out;
    out.timeout_default = sql.tx_timeout;
    out.timeout_max = sql.tx_timeout_max;
    out.active_per_principal_max = sql.tx_per_token_max;
    out.lock_wait = sql.tx_lock_wait;
    out.write_idle = sql.tx_write_idle;
    return out;
}

sqlite_data::SqliteDataOptions engine_settings(const Config& config) {
    const SqlSection& sql = config.sql;
    sqlite_data::SqliteDataOptions out;
    out.folder = (config.server.data / "sql").string();
    out.statement.memory_bytes = sql.statement_memory_max;
    out.statement.text_bytes = sql.text_bytes_max;
    out.databases_open_max = sql.databases_open_max;
    out.concurrent_max = sql.concurrent_max;
    out.streams_max = sql.streams_max;
    out.stream_threads = sql.stream_threads;
    out.vector_dimensions_max = config.vectors.dimensions_max;
    return out;
}

usearch::VectorOptions vector_settings(const Config& config) {
    usearch::VectorOptions out;
    out.folder = (config.server.data / "vectors").string();
    out.search_threads = config.sql.threads;
    out.memory_bytes_max = config.vectors.memory_bytes_max;
    out.idle_max = config.vectors.idle_max;
    return out;
}

files::Limits file_limits(const Config& config) {
    const FilesSection& section = config.files;
    files::Limits out;
    out.file_bytes_max = section.file_bytes_max;
    out.uploads_max = section.uploads_max;
    out.unused_for = section.unused_for;
    out.collect_every = section.collect_every;
    out.verify_every = section.verify_every;
    return out;
}

localfs::Options file_store_options(const Config& config) {
    localfs::Options out;
    out.folder = config.server.data / "files";
    // Workers may write to it, and other servers to a folder of artifacts.
    if (config.storage.backend == Backend::Postgres)
        out.users = localfs::FolderUsers::ManyProcesses;
    out.reserve_bytes = config.files.reserve_bytes;
    return out;
}

http::WorkerRoutes::Options worker_route_options(const Config& config) {
    http::WorkerRoutes::Options out;
    out.artifact_bytes_max = config.jobs.artifact_bytes_max;
    return out;
}

http::FileRoutes::Options file_route_options(const Config& config) {
    return {.operating_org = config.auth.default_org,
            .file_bytes_max = config.files.file_bytes_max};
}

WsRoute::Options ws_route_options(const Config& config) {
    return {.origins = config.server.cors_origins,
            .any_origin = config.server.cors_any_origin,
            .connects_per_second = config.websocket.connects_per_second};
}

ws::WsConfig ws_settings(const Config& config) {
    const WebSocketSection& section = config.websocket;
    ws::WsConfig out;
    out.connections_max = section.connections_max;
    out.text_bytes_max = section.message_bytes_max;
    out.subscriptions_max = section.subscriptions_max;
    out.messages_per_second = section.messages_per_second;
    out.messages_burst = section.messages_burst;
    out.auth_timeout = section.auth_timeout;
    out.ping_every = section.ping_every;
    out.silent_after = section.silent_after;
    return out;
}

events::Outbox::Limits event_queue_limits(const Config& config) {
    return {.events_max = config.websocket.queue_events_max,
            .bytes_max = config.websocket.queue_bytes_max};
}

events::MemoryEventBus::Retention event_retention(const Config& config) {
    events::MemoryEventBus::Retention out;
    out.events_max = config.websocket.resume_events_max;
    out.age_max = config.websocket.resume_for;
    return out;
}

http::ServerConfig http_settings(const Config& config, const Endpoint& endpoint) {
    const LimitsSection& limits = config.limits;
    http::ServerConfig out;
    out.host = endpoint.host;
    out.port = endpoint.port;
    out.limits.body_bytes_max = limits.body_bytes_max;
    out.limits.header_bytes_max = limits.header_bytes_max;
    out.limits.header_fields_max = limits.header_fields_max;
    out.limits.request_line_bytes_max = limits.request_line_bytes_max;
    out.limits.decompression_ratio_max = limits.decompression_ratio_max;
    out.limits.connections_max = limits.connections_max;
    out.limits.connections_per_ip_max = limits.connections_per_ip_max;
    out.limits.header_timeout = limits.header_timeout;
    out.limits.body_timeout = limits.body_timeout;
    out.limits.idle_timeout = limits.idle_timeout;
    out.limits.handler_timeout = limits.handler_timeout;
    out.trusted_proxies = config.server.trusted_proxies;
    out.cors_origins = config.server.cors_origins;
    out.cors_any_origin = config.server.cors_any_origin;
    switch (config.server.hsts) {
        case Hsts::Auto: out.hsts = http::ServerConfig::Hsts::Auto; break;
        case Hsts::Always: out.hsts = http::ServerConfig::Hsts::Always; break;
        case Hsts::Off: out.hsts = http::ServerConfig::Hsts::Off; break;
    }
    out.rate_per_minute_ip = config.rate_limit.per_ip;
    out.rate_per_minute_user = config.rate_limit.per_user;
    out.access_log = config.server.access_log;
    return out;
}

}  // namespace zs::server
