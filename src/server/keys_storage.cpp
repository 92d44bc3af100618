#include "server/key_values.hpp"

namespace zs::server {
namespace {

std::string check_postgres_url(const KeyValue& value) {
    const auto& text = as_text(value);
    const bool good = text.starts_with("postgres://") || text.starts_with("postgresql://")
                      || text.find('=') != std::string::npos;
    return good ? "" : "a PostgreSQL URL such as postgres://user:password@host/database";
}

void apply_backend(Config& config, const KeyValue& value) {
    const auto& text = as_text(value);
    const bool postgres = text == "postgres" || text == "postgresql";
    config.storage.backend = postgres ? Backend::Postgres : Backend::Embedded;
}

ConfigKey pool_key(std::string_view name, std::string_view fallback, std::string_view help,
                   std::vector<std::string_view> aliases, void (*apply)(Config&, const KeyValue&)) {
    return {.name = name,
            .type = KeyType::Integer,
            .fallback = fallback,
            .help = help,
            .apply = apply,
            .aliases = std::move(aliases),
            .max = 10'000};
}

std::vector<ConfigKey> backend_keys() {
    return {
        {.name = "storage.backend",
         .type = KeyType::Choice,
         .fallback = "embedded",
         .help = "Where the control plane lives; filesystem and sqlite also name embedded.",
         .apply = apply_backend,
         .env = {"ZSTORAGE_BACKEND"},
         .aliases = {"storage.backend.backend", "storage.backend.type", "storage.type"},
         .choices = "embedded|filesystem|sqlite|postgres|postgresql"},
        {.name = "storage.postgres_url",
         .type = KeyType::Url,
         .fallback = "(unset)",
         .help = "PostgreSQL; used with storage.backend = \"postgres\".",
         .apply = [](Config& c, const KeyValue& v) { c.storage.postgres_url = as_secret(v); },
         .env = {"DATABASE_URL"},
         .aliases = {"storage.url", "storage.postgres.url", "storage.backend.url"},
         .check = check_postgres_url},
        {.name = "storage.auto_migrate",
         .type = KeyType::Boolean,
         .fallback = "(true for embedded)",
         .help = "Bring an older schema up to date at start; otherwise the start is refused.",
         .apply = [](Config& c, const KeyValue& v) { c.storage.auto_migrate = as_bool(v); },
         .env = {"ZSTORAGE_AUTO_MIGRATE"},
         .aliases = {"server.auto_migrate", "auto_migrate", "storage.backend.auto_migrate"}},
        {.name = "storage.reader_threads",
         .type = KeyType::Integer,
         .fallback = "(number of cores)",
         .help = "Readers of the embedded control plane.",
         .apply = [](Config& c, const KeyValue& v) { c.storage.reader_threads = as_size(v); },
         .min = 1,
         .max = kKeyThreadsMax},
    };
}

std::vector<ConfigKey> pool_keys() {
    std::vector<ConfigKey> keys{
        pool_key("storage.max_connections", "20", "PostgreSQL connections at most.",
                 {"storage.postgres.max_connections", "storage.backend.max_connections"},
                 [](Config& c, const KeyValue& v) { c.storage.connections_max = as_size(v); }),
        pool_key("storage.min_connections", "5", "PostgreSQL connections kept open.",
                 {"storage.postgres.min_connections", "storage.backend.min_connections"},
                 [](Config& c, const KeyValue& v) { c.storage.connections_min = as_size(v); }),
        pool_key(
            "storage.connection_timeout", "30", "Seconds to wait for a PostgreSQL connection.",
            {"storage.postgres.connection_timeout", "storage.backend.connection_timeout",
             "storage.connection_timeout_secs"},
            [](Config& c, const KeyValue& v) { c.storage.connection_timeout = as_seconds(v); }),
        pool_key("storage.idle_timeout", "600",
                 "Seconds until a spare PostgreSQL connection is closed.",
                 {"storage.postgres.idle_timeout", "storage.backend.idle_timeout",
                  "storage.idle_timeout_secs"},
                 [](Config& c, const KeyValue& v) { c.storage.idle_timeout = as_seconds(v); }),
    };
    keys[0].min = 1;
    keys[2].unit = keys[3].unit = Unit::Seconds;
    keys[2].min = keys[3].min = 1;
    keys[2].max = 3600;
    keys[3].max = 86'400;
    return keys;
}

}  // namespace

std::vector<ConfigKey> storage_keys() {
    auto keys = backend_keys();
    for (auto& key : pool_keys())
        keys.push_back(std::move(key));
    return keys;
}

}  // namespace zs::server
