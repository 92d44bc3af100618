#include "server/key_values.hpp"

namespace zs::server {
namespace {

constexpr std::int64_t kMegabytesMax = std::int64_t{1} << 40;

void apply_mode(Config& config, const KeyValue& value) {
    const auto& text = as_text(value);
    config.worker.mode = text == "auto"    ? WorkerMode::Auto
                         : text == "local" ? WorkerMode::Local
                                           : WorkerMode::Custom;
}

std::vector<ConfigKey> slot_keys() {
    return {
        {.name = "worker.mode",
         .type = KeyType::Choice,
         .fallback = "auto",
         .help = "auto and local run programs here; custom leaves all work to workers elsewhere.",
         .apply = apply_mode,
         .env = {"ZWORKER_MODE"},
         .choices = "auto|local|custom"},
        {.name = "worker.concurrency",
         .type = KeyType::Integer,
         .fallback = "4",
         .help = "Programs that run at once; 0 or false is none.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.slots = as_size(v); },
         .env = {"ZWORKER_CONCURRENCY"},
         .aliases = {"server.workers", "server.worker_concurrency"},
         .max = 10'000,
         .false_is_zero = true},
        {.name = "worker.labels",
         .type = KeyType::List,
         .fallback = "(none)",
         .help = "What the workers of this process announce; jobs may require it.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.labels = as_list(v); },
         .env = {"ZWORKER_LABELS"}},
        {.name = "worker.server",
         .type = KeyType::Text,
         .fallback = "(unset)",
         .help = "`zserver worker`: the server whose jobs it runs.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.server = as_text(v); },
         .env = {"ZWORKER_SERVER"}},
        {.name = "worker.token",
         .type = KeyType::Secret,
         .fallback = "(unset)",
         .help = "`zserver worker`: an API key with jobs:update and files:read.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.token = as_secret(v); },
         .env = {"ZWORKER_TOKEN"}},
    };
}

std::vector<ConfigKey> program_keys() {
    return {
        {.name = "worker.temp_dir",
         .type = KeyType::Text,
         .fallback = "(/tmp/zworker-…, one per data directory)",
         .help = "Where attempts work; owned by the worker's user, and nobody else's.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.temp_dir = as_text(v); },
         .env = {"ZWORKER_TEMP_DIR"}},
        number_key("worker.kill_grace_secs", "ZWORKER_KILL_GRACE_SECS", "10",
                   "Between SIGTERM and SIGKILL.", Unit::Seconds, 0, 3600,
                   [](Config& c, const KeyValue& v) { c.worker.kill_grace = as_seconds(v); }),
        {.name = "worker.allow",
         .type = KeyType::List,
         .fallback = "(any)",
         .help = "Globs on the program's path; others are refused.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.allow = as_list(v); },
         .env = {"ZWORKER_ALLOW"}},
        {.name = "worker.run_as",
         .type = KeyType::Text,
         .fallback = "(unset)",
         .help = "User that programs run as; needs the privilege to change it.",
         .apply = [](Config& c, const KeyValue& v) { c.worker.run_as = as_text(v); },
         .env = {"ZWORKER_RUN_AS"}},
        number_key("worker.max_memory_mb", "ZWORKER_MAX_MEMORY_MB", "0",
                   "Memory of one program at most; 0 is no limit.", Unit::None, 0, kMegabytesMax,
                   [](Config& c, const KeyValue& v) { c.worker.memory_mb_max = as_size(v); }),
        number_key("worker.max_file_mb", "ZWORKER_MAX_FILE_MB", "1024",
                   "Size of one file of a program at most.", Unit::None, 1, kMegabytesMax,
                   [](Config& c, const KeyValue& v) { c.worker.file_mb_max = as_size(v); }),
        number_key("worker.max_open_files", "ZWORKER_MAX_OPEN_FILES", "4096",
                   "Open files of a program at most.", Unit::None, 16, 1'048'576,
                   [](Config& c, const KeyValue& v) { c.worker.open_files_max = as_size(v); }),
    };
}

}  // namespace

std::vector<ConfigKey> worker_keys() {
    auto keys = slot_keys();
    for (auto& key : program_keys())
        keys.push_back(std::move(key));
    return keys;
}

}  // namespace zs::server
