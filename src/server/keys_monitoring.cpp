#include "server/key_values.hpp"

namespace zs::server {
namespace {

void apply_metrics_addr(Config& config, const KeyValue& value) {
    config.monitoring.metrics_addr = std::get<Endpoint>(value);
    config.monitoring.metrics_addr_is_default = false;
}

void apply_log_level(Config& config, const KeyValue& value) {
    if (auto level = log::parse_level(as_text(value))) config.monitoring.log_level = *level;
}

void apply_log_format(Config& config, const KeyValue& value) {
    if (auto format = log::parse_format(as_text(value))) config.monitoring.log_format = *format;
}

std::vector<ConfigKey> probe_keys() {
    return {
        {.name = "monitoring.metrics_enabled",
         .type = KeyType::Boolean,
         .fallback = "true",
         .help = "false: /metrics is 404.",
         .apply = [](Config& c, const KeyValue& v) { c.monitoring.metrics_enabled = as_bool(v); },
         .env = {"ZOBS_METRICS_ENABLED"}},
        {.name = "monitoring.metrics_addr",
         .type = KeyType::Endpoint,
         .fallback = "127.0.0.1:9090",
         .help = "Second listener for /metrics. A busy default port is a warning, a configured one "
                 "stops the start.",
         .apply = apply_metrics_addr,
         .env = {"ZOBS_METRICS_ADDR"}},
        {.name = "monitoring.metrics_token",
         .type = KeyType::Secret,
         .fallback = "(unset)",
         .help = "Bearer token that /metrics then needs.",
         .apply = [](Config& c, const KeyValue& v) { c.monitoring.metrics_token = as_secret(v); },
         .env = {"ZOBS_METRICS_TOKEN"},
         .check = [](const KeyValue& v) -> std::string {
             return as_text(v).size() < 8 ? "at least 8 bytes" : "";
         }},
        {.name = "monitoring.health_enabled",
         .type = KeyType::Boolean,
         .fallback = "true",
         .help = "Serve /health, /ready, /live and /healthz.",
         .apply = [](Config& c, const KeyValue& v) { c.monitoring.health_enabled = as_bool(v); },
         .env = {"ZOBS_HEALTH_ENABLED"}},
        {.name = "monitoring.health_addr",
         .type = KeyType::Endpoint,
         .fallback = "(server.addr)",
         .help = "Listener of its own for the probes.",
         .apply = [](Config& c,
                     const KeyValue& v) { c.monitoring.health_addr = std::get<Endpoint>(v); },
         .env = {"ZOBS_HEALTH_ADDR"}},
    };
}

std::vector<ConfigKey> naming_keys() {
    return {
        {.name = "monitoring.service_name",
         .type = KeyType::Text,
         .fallback = "zrustdb",
         .help = "`service` in /health.",
         .apply = [](Config& c, const KeyValue& v) { c.monitoring.service_name = as_text(v); },
         .env = {"ZOBS_SERVICE_NAME"}},
        {.name = "monitoring.environment",
         .type = KeyType::Text,
         .fallback = "development",
         .help = "Name of this installation; production refuses --dev.",
         .apply = [](Config& c, const KeyValue& v) { c.monitoring.environment = as_text(v); },
         .env = {"ZOBS_ENVIRONMENT"}},
        {.name = "monitoring.log_level",
         .type = KeyType::Choice,
         .fallback = "info",
         .help = "What is logged on stderr.",
         .apply = apply_log_level,
         .env = {"ZOBS_LOG_LEVEL", "RUST_LOG"},
         .flag = "--log-level",
         .choices = "error|warn|info|debug|trace|off"},
        {.name = "monitoring.log_format",
         .type = KeyType::Choice,
         .fallback = "text",
         .help = "json: one object per line.",
         .apply = apply_log_format,
         .env = {"ZOBS_LOG_FORMAT"},
         .choices = "text|json"},
    };
}

}  // namespace

std::vector<ConfigKey> monitoring_keys() {
    auto keys = probe_keys();
    for (auto& key : naming_keys())
        keys.push_back(std::move(key));
    return keys;
}

}  // namespace zs::server
