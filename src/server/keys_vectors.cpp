#include "server/key_values.hpp"

namespace zs::server {
namespace {

// Less would not hold the vectors of one search.
constexpr std::int64_t kVectorBytesMin = 16 << 20;

}  // namespace

std::vector<ConfigKey> vector_keys() {
    std::vector<ConfigKey> keys{
        number_key("vectors.max_dimensions", "ZVEC_MAX_DIM", "8192",
                   "Numbers in one vector, of columns and of requests.", Unit::None, 1, 32'768,
                   [](Config& c, const KeyValue& v) { c.vectors.dimensions_max = as_size(v); }),
        number_key(
            "vectors.memory", "ZVEC_MEMORY", "0",
            "Vectors and graphs in memory; beyond it the least used ones leave. 0 is half of "
            "the machine's memory.",
            Unit::Bytes, 0, kKeyBytesMax,
            [](Config& c, const KeyValue& v) { c.vectors.memory_bytes_max = as_size(v); }),
        number_key("vectors.idle_secs", "ZVEC_IDLE_SECS", "3600",
                   "A column that nobody asked for this long leaves the memory, within a minute.",
                   Unit::Seconds, 1, kKeySecondsMax,
                   [](Config& c, const KeyValue& v) { c.vectors.idle_max = as_seconds(v); }),
    };
    keys[0].aliases = {"limits.vec_max_dim"};
    keys[1].check = [](const KeyValue& value) -> std::string {
        const std::int64_t bytes = as_integer(value);
        return bytes == 0 || bytes >= kVectorBytesMin ? "" : "0, or at least 16MiB";
    };
    return keys;
}

}  // namespace zs::server
