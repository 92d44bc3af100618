#include "server/key_values.hpp"

namespace zs::server {
namespace {

constexpr std::int64_t kRetriesMax = 100;
constexpr std::int64_t kCountMax = 1'000'000'000;

std::vector<ConfigKey> lease_keys() {
    return {
        {.name = "queue.backend",
         .type = KeyType::Choice,
         .fallback = "(storage.backend)",
         .help = "Where jobs live: with the rest of the control plane.",
         .apply = [](Config& c, const KeyValue& v) { c.jobs.backend = as_text(v); },
         .choices = "sqlite|filesystem|embedded|postgres|postgresql"},
        {.name = "queue.postgres_url",
         .type = KeyType::Url,
         .fallback = "(storage.postgres_url)",
         .help = "No other database than storage.postgres_url is possible.",
         .apply = [](Config& c, const KeyValue& v) { c.jobs.postgres_url = as_secret(v); }},
        number_key("queue.lease_ttl_secs", "ZBRAIN_LEASE_TTL", "300",
                   "How long a worker keeps a job without a sign of life.", Unit::Seconds, 3,
                   86'400, [](Config& c, const KeyValue& v) { c.jobs.lease = as_seconds(v); }),
        number_key("queue.poll_interval_ms", "", "5000",
                   "How long a worker waits for work at a time.", Unit::Millis, 100, 60'000,
                   [](Config& c, const KeyValue& v) { c.jobs.poll = as_millis(v); }),
        number_key("", "ZBRAIN_POLL_INTERVAL", "5", "The same in seconds.", Unit::Seconds, 1, 60,
                   [](Config& c, const KeyValue& v) { c.jobs.poll = as_seconds(v); }),
        number_key("queue.max_lost_leases", "ZBRAIN_MAX_LOST_LEASES", "3",
                   "Workers that a job may take with it before it ends as poisoned.", Unit::None, 0,
                   1000, [](Config& c, const KeyValue& v) { c.jobs.lost_leases_max = as_u32(v); }),
    };
}

std::vector<ConfigKey> attempt_keys() {
    return {
        number_key("queue.max_retries", "ZBRAIN_MAX_RETRIES", "3",
                   "Further attempts of a job that does not say how many.", Unit::None, 0,
                   kRetriesMax,
                   [](Config& c, const KeyValue& v) { c.jobs.max_retries = as_u32(v); }),
        number_key("queue.default_timeout_secs", "ZBRAIN_DEFAULT_TIMEOUT", "300",
                   "Time for one attempt of a job that does not say how long.", Unit::Seconds, 1,
                   kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.jobs.timeout_default = as_seconds(v); }),
        number_key("queue.max_timeout_secs", "ZBRAIN_MAX_TIMEOUT", "86400",
                   "The most that a job may ask for.", Unit::Seconds, 1, kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.jobs.timeout_max = as_seconds(v); }),
        number_key("queue.retry_backoff_ms", "ZBRAIN_BACKOFF_MS", "1000",
                   "Wait before the first retry; it doubles each time.", Unit::Millis, 1,
                   86'400'000, [](Config& c, const KeyValue& v) { c.jobs.backoff = as_millis(v); }),
        number_key("queue.retry_backoff_max_ms", "ZBRAIN_BACKOFF_MAX_MS", "300000",
                   "The longest wait before a retry.", Unit::Millis, 1, 7 * 86'400'000LL,
                   [](Config& c, const KeyValue& v) { c.jobs.backoff_max = as_millis(v); }),
    };
}

std::vector<ConfigKey> quota_keys() {
    return {
        number_key("queue.artifact_max_files", "ZBRAIN_ARTIFACT_MAX_FILES", "1000",
                   "Files that one attempt may leave.", Unit::None, 0, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.jobs.artifact_files_max = as_size(v); }),
        number_key("queue.artifact_max_bytes", "ZBRAIN_ARTIFACT_MAX_BYTES", "1073741824",
                   "Their bytes.", Unit::Bytes, 0, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.jobs.artifact_bytes_max = as_size(v); }),
        number_key("queue.log_max_bytes", "ZBRAIN_LOG_MAX_BYTES", "10485760",
                   "Log of one attempt; head and tail of a longer one are kept.", Unit::Bytes, 4096,
                   kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.jobs.log_bytes_max = as_size(v); }),
        number_key("queue.log_max_lines", "ZBRAIN_LOG_MAX_LINES", "100000", "The same in lines.",
                   Unit::None, 10, kCountMax,
                   [](Config& c, const KeyValue& v) { c.jobs.log_lines_max = as_size(v); }),
        number_key("queue.max_pending", "ZBRAIN_MAX_PENDING", "1000000",
                   "Waiting jobs per organisation and environment: 429.", Unit::None, 1, kCountMax,
                   [](Config& c, const KeyValue& v) { c.jobs.pending_max = as_size(v); }),
        number_key(
            "queue.max_running", "ZBRAIN_MAX_RUNNING", "0",
            "Running jobs per organisation and environment; 0 is as many as there are slots.",
            Unit::None, 0, kCountMax,
            [](Config& c, const KeyValue& v) { c.jobs.running_max = as_size(v); }),
        number_key("queue.max_stored_bytes", "ZBRAIN_MAX_STORED_BYTES", "0",
                   "Bytes of artifacts and logs per organisation and environment, beyond which "
                   "submits are 429; 0 is no limit.",
                   Unit::Bytes, 0, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.jobs.stored_bytes_max = as_size(v); }),
        {.name = "queue.artifacts",
         .type = KeyType::Text,
         .fallback = "(files in server.data)",
         .help = "Folder of artifacts, so that several servers and workers can share one.",
         .apply = [](Config& c, const KeyValue& v) { c.jobs.artifacts = as_text(v); },
         .env = {"ZBRAIN_ARTIFACTS"}},
        number_key("queue.retention_days", "ZBRAIN_RETENTION_DAYS", "7",
                   "How long ended jobs stay, with logs and artifacts; 0 is for ever.", Unit::None,
                   0, 36'500,
                   [](Config& c, const KeyValue& v) {
                       c.jobs.retention_days = static_cast<int>(as_integer(v));
                   }),
    };
}

}  // namespace

std::vector<ConfigKey> job_keys() {
    std::vector<ConfigKey> keys;
    for (auto* part : {lease_keys, attempt_keys, quota_keys}) {
        for (auto& key : part())
            keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace zs::server
