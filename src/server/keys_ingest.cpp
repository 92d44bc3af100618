#include "server/key_values.hpp"

namespace zs::server {
namespace {

ConfigKey ingest_key(std::string_view name, std::string_view env, std::string_view fallback,
                     std::string_view help, Unit unit, std::int64_t min, std::int64_t max,
                     void (*apply)(Config&, const KeyValue&)) {
    ConfigKey key{.name = name,
                  .type = KeyType::Integer,
                  .fallback = fallback,
                  .help = help,
                  .apply = apply,
                  .unit = unit,
                  .min = min,
                  .max = max};
    key.env = {env};
    return key;
}

}  // namespace

std::vector<ConfigKey> ingest_keys() {
    return {
        ingest_key("ingest.batch", "ZINGEST_BATCH", "10000", "Documents of one commit at most.",
                   Unit::None, 1, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.ingest.batch_documents_max = as_size(v); }),
        ingest_key("ingest.batch_bytes", "ZINGEST_BATCH_BYTES", "4194304",
                   "Bytes of documents of one commit, about.", Unit::Bytes, 65'536, 67'108'864,
                   [](Config& c, const KeyValue& v) { c.ingest.batch_bytes_max = as_size(v); }),
        ingest_key("ingest.streams", "ZINGEST_STREAMS", "64", "Ingest calls at once: 429.",
                   Unit::None, 1, 10'000,
                   [](Config& c, const KeyValue& v) { c.ingest.streams_max = as_size(v); }),
    };
}

}  // namespace zs::server
