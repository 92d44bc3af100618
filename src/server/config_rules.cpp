#include "server/config_rules.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <thread>

namespace zs::server {
namespace {

std::string cors_place(const Origins& origins) {
    return origins.place("server.cors.allowed_origins");
}

class Rules {
public:
    Rules(const Config& config, const Origins& origins, std::vector<ConfigProblem>& errors,
          std::vector<ConfigProblem>& warnings)
        : config_(config), origins_(origins), errors_(errors), warnings_(warnings) {}

    void check_secrets() {
        const auto& auth = config_.auth;
        const auto same = [](const std::optional<Secret>& a, const std::optional<Secret>& b) {
            return a && b && equals_in_constant_time(a->reveal(), b->reveal());
        };
        if (same(auth.jwt_secret, auth.jwt_refresh_secret)) {
            fail("auth.jwt_refresh_secret", "must differ from auth.jwt_secret");
        }
        if (same(auth.jwt_secret_previous, auth.jwt_refresh_secret)) {
            fail("auth.jwt_secret_previous", "must differ from auth.jwt_refresh_secret");
        }
        if (same(auth.dev_secret, auth.jwt_secret)
            || same(auth.dev_secret, auth.jwt_refresh_secret)) {
            fail("ZAUTH_DEV_SECRET", "must differ from the other signing secrets");
        }
        if (same(auth.jwt_secret_previous, auth.jwt_secret)) {
            warn("auth.jwt_secret_previous", "is the same as auth.jwt_secret and has no effect");
        }
        if (auth.refresh_ttl < auth.access_ttl) {
            fail("auth.refresh_token_expiration_secs",
                 "must not be less than auth.jwt_expiration_secs");
        }
        if (auth.session_ttl_max < auth.refresh_ttl) {
            fail("auth.session_max_secs",
                 "must not be less than auth.refresh_token_expiration_secs");
        }
    }

    void check_dev() {
        if (!config_.dev) {
            for (const std::string_view name : {"ZAUTH_DEV_ORG_ID", "ZAUTH_DEV_SECRET"}) {
                if (origins_.source(name) != SourceKind::Default) {
                    warn(name, "has no effect without --dev");
                }
            }
            if (config_.server.cors_any_origin) {
                errors_.push_back({cors_place(origins_),
                                   "server.cors.allowed_origins may be \"*\" only with --dev; "
                                   "list the origins"});
            }
            return;
        }
        if (!config_.server.addr.is_loopback()) {
            errors_.push_back({"--dev", "server.addr must be a loopback address with --dev; got "
                                            + config_.server.addr.to_string()});
        }
        if (config_.monitoring.environment == "production") {
            errors_.push_back({"--dev", "refused, because monitoring.environment is production ("
                                            + origins_.place("monitoring.environment") + ")"});
        }
    }

    void check_storage() {
        const auto& storage = config_.storage;
        if (storage.backend == Backend::Postgres && !storage.postgres_url) {
            fail("storage.backend", "needs storage.postgres_url (or DATABASE_URL) for postgres");
        }
        if (storage.backend == Backend::Embedded
            && origins_.source("storage.postgres_url") == SourceKind::File) {
            warn("storage.postgres_url", "has no effect while storage.backend is embedded");
        }
        if (storage.connections_min > storage.connections_max) {
            fail("storage.min_connections", "must not be more than storage.max_connections");
        }
    }

    void check_jobs() {
        const auto& jobs = config_.jobs;
        const bool postgres = config_.storage.backend == Backend::Postgres;
        if (jobs.backend && jobs.backend->starts_with("postgres") != postgres)
            fail("queue.backend",
                 "must be the same as storage.backend: jobs live with the rest of "
                 "the control plane");
        const auto& url = config_.storage.postgres_url;
        if (jobs.postgres_url && !(url && url->reveal() == jobs.postgres_url->reveal()))
            fail("queue.postgres_url", "must be the same as storage.postgres_url");
        if (jobs.timeout_default > jobs.timeout_max)
            fail("queue.default_timeout_secs", "must not be more than queue.max_timeout_secs");
        if (jobs.backoff > jobs.backoff_max)
            fail("queue.retry_backoff_ms", "must not be more than queue.retry_backoff_max_ms");
    }

    void check_times() {
        const auto& sql = config_.sql;
        if (sql.tx_timeout > sql.tx_timeout_max) {
            fail("sql.tx_timeout_secs", "must not be more than sql.tx_max_timeout_secs");
        }
        if (config_.limits.handler_timeout <= sql.timeout) {
            fail("limits.http_handler_timeout_secs", "must be more than sql.timeout_secs");
        }
        if (config_.limits.connections_per_ip_max > config_.limits.connections_max) {
            warn("limits.http_max_connections_per_ip",
                 "is more than limits.http_max_connections and has no effect");
        }
    }

private:
    static std::string sentence(std::string_view name, std::string_view rest) {
        return std::string(name) + " " + std::string(rest);
    }
    void fail(std::string_view name, std::string_view rest) {
        errors_.push_back({origins_.place(name), sentence(name, rest)});
    }
    void warn(std::string_view name, std::string_view rest) {
        warnings_.push_back({origins_.place(name), sentence(name, rest)});
    }

    const Config& config_;
    const Origins& origins_;
    std::vector<ConfigProblem>& errors_;
    std::vector<ConfigProblem>& warnings_;
};

// Two servers on one machine do not share the folder in which attempts work, and one server finds
// its own again after a restart.
std::filesystem::path temp_dir_of(const std::filesystem::path& data) {
    std::error_code ignored;
    const auto whole = std::filesystem::weakly_canonical(data, ignored);
    const auto digest = sha256((ignored ? data : whole).string());
    return "/tmp/zworker-" + to_hex(std::string_view(digest).substr(0, 4));
}

}  // namespace

void resolve_config(Config& config, const Origins& origins) {
    const auto is_default = [&](std::string_view name) {
        return origins.source(name) == SourceKind::Default;
    };
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    if (is_default("server.http_threads")) config.server.http_threads = cores;
    if (is_default("auth.hash_threads")) config.auth.hash_threads = cores;
    if (is_default("storage.reader_threads")) config.storage.reader_threads = cores;
    if (is_default("sql.threads")) config.sql.threads = std::max<std::size_t>(2, cores);
    if (is_default("storage.auto_migrate")) {
        config.storage.auto_migrate = config.storage.backend == Backend::Embedded;
    }
    if (is_default("ZAUTH_DEV_ORG_ID")) config.auth.dev_org = config.auth.default_org;
    if (config.worker.temp_dir.empty()) config.worker.temp_dir = temp_dir_of(config.server.data);
    if (config.dev) config.server.cors_origins.push_back("http://localhost:3000");

    if (config.server.addr.host == "localhost") config.server.addr.host = "127.0.0.1";
    // Equal to the main listener: that one serves the probes.
    auto& health = config.monitoring.health_addr;
    const bool is_main = health && health->port != 0 && *health == config.server.addr;
    if (is_main || !config.monitoring.health_enabled) health.reset();
}

void check_config(const Config& config, const Origins& origins, std::vector<ConfigProblem>& errors,
                  std::vector<ConfigProblem>& warnings) {
    Rules rules(config, origins, errors, warnings);
    rules.check_secrets();
    rules.check_dev();
    rules.check_storage();
    rules.check_times();
    rules.check_jobs();
}

}  // namespace zs::server
