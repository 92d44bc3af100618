#include "server/key_values.hpp"

namespace zs::server {

std::vector<ConfigKey> file_keys() {
    return {
        number_key("files.threads", "ZFILES_THREADS", "4",
                   "Threads that hash, read and write files.", Unit::None, 1, kKeyThreadsMax,
                   [](Config& c, const KeyValue& v) { c.files.threads = as_size(v); }),
        number_key("files.max_uploads", "ZFILES_MAX_UPLOADS", "256", "Uploads at once: 503.",
                   Unit::None, 1, 100'000,
                   [](Config& c, const KeyValue& v) { c.files.uploads_max = as_size(v); }),
        number_key("files.reserve", "ZFILES_RESERVE", "67108864",
                   "Free disk space that uploads leave alone: 507.", Unit::Bytes, 0, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.files.reserve_bytes = as_size(v); }),
        number_key("files.gc_interval_secs", "ZFILES_GC_INTERVAL_SECS", "3600",
                   "How often bytes without an owner are removed; 0 is only when asked.",
                   Unit::Seconds, 0, kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.files.collect_every = as_seconds(v); }),
        number_key("files.gc_grace_secs", "ZFILES_GC_GRACE_SECS", "600",
                   "How long after their last upload such bytes stay at least.", Unit::Seconds, 0,
                   kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.files.unused_for = as_seconds(v); }),
        number_key("files.verify_interval_secs", "ZFILES_VERIFY_INTERVAL_SECS", "604800",
                   "How often every file is read and hashed anew; 0 is only when asked.",
                   Unit::Seconds, 0, kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.files.verify_every = as_seconds(v); }),
    };
}

}  // namespace zs::server
