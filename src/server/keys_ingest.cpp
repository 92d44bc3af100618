#include "server/key_values.hpp"

namespace zs::server {

std::vector<ConfigKey> ingest_keys() {
    return {
        number_key("ingest.batch", "ZINGEST_BATCH", "10000", "Documents of one commit at most.",
                   Unit::None, 1, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.ingest.batch_documents_max = as_size(v); }),
        number_key("ingest.batch_bytes", "ZINGEST_BATCH_BYTES", "4194304",
                   "Bytes of documents of one commit, about.", Unit::Bytes, 65'536, 67'108'864,
                   [](Config& c, const KeyValue& v) { c.ingest.batch_bytes_max = as_size(v); }),
        number_key("ingest.streams", "ZINGEST_STREAMS", "64", "Ingest calls at once: 429.",
                   Unit::None, 1, 10'000,
                   [](Config& c, const KeyValue& v) { c.ingest.streams_max = as_size(v); }),
    };
}

}  // namespace zs::server
