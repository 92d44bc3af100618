#include "server/key_values.hpp"

namespace zs::server {
namespace {

std::vector<ConfigKey> request_limits() {
    return {
        number_key("limits.body", "ZLIMIT_BODY", "10485760", "Request body, decoded: 413.",
                   Unit::Bytes, 1024, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.limits.body_bytes_max = as_size(v); }),
        number_key("limits.file", "ZLIMIT_FILE", "104857600", "One uploaded file: 413.",
                   Unit::Bytes, 1, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.files.file_bytes_max = as_size(v); }),
        number_key("limits.headers", "ZLIMIT_HEADERS", "16384", "Header block: 431.", Unit::Bytes,
                   1024, 1 << 20,
                   [](Config& c, const KeyValue& v) { c.limits.header_bytes_max = as_u32(v); }),
        number_key("limits.header_fields", "ZLIMIT_HEADER_FIELDS", "100", "Header fields: 431.",
                   Unit::None, 16, 10'000,
                   [](Config& c, const KeyValue& v) { c.limits.header_fields_max = as_u32(v); }),
        number_key(
            "limits.request_line", "ZLIMIT_REQUEST_LINE", "8192", "Request line: 414.", Unit::Bytes,
            256, 1 << 20,
            [](Config& c, const KeyValue& v) { c.limits.request_line_bytes_max = as_u32(v); }),
        number_key(
            "limits.ratio", "ZLIMIT_RATIO", "100",
            "Compression ratio of a body, above 1 MiB decoded: 413.", Unit::None, 2, 100'000,
            [](Config& c, const KeyValue& v) { c.limits.decompression_ratio_max = as_size(v); }),
        number_key("limits.ingest", "ZLIMIT_INGEST", "0",
                   "Body of an ingest, decoded; 0 is no limit: 413.", Unit::Bytes, 0, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.ingest.body_bytes_max = as_size(v); }),
        number_key("limits.doc", "ZLIMIT_DOC", "1048576",
                   "One document of a collection: document_too_large.", Unit::Bytes, 256, 8'388'608,
                   [](Config& c, const KeyValue& v) { c.ingest.document_bytes_max = as_size(v); }),
    };
}

std::vector<ConfigKey> connection_limits() {
    return {
        number_key("limits.http_max_connections", "ZHTTP_MAX_CONNECTIONS", "10000",
                   "HTTP connections in all: 503.", Unit::None, 1, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.limits.connections_max = as_size(v); }),
        number_key(
            "limits.http_max_connections_per_ip", "ZHTTP_MAX_CONNECTIONS_PER_IP", "1000",
            "HTTP connections of one address, loopback exempt: 503.", Unit::None, 1, 1'000'000,
            [](Config& c, const KeyValue& v) { c.limits.connections_per_ip_max = as_size(v); }),
        number_key("limits.http_header_timeout_secs", "ZHTTP_HEADER_TIMEOUT_SECS", "10",
                   "Time to send the header block: 408.", Unit::Seconds, 1, 3600,
                   [](Config& c, const KeyValue& v) { c.limits.header_timeout = as_seconds(v); }),
        number_key("limits.http_body_timeout_secs", "ZHTTP_BODY_TIMEOUT_SECS", "30",
                   "How long a body may come at less than 1 KB/s: 408.", Unit::Seconds, 1, 3600,
                   [](Config& c, const KeyValue& v) { c.limits.body_timeout = as_seconds(v); }),
        number_key("limits.http_idle_timeout_secs", "ZHTTP_IDLE_TIMEOUT_SECS", "75",
                   "An idle connection is closed after this time.", Unit::Seconds, 1, 86'400,
                   [](Config& c, const KeyValue& v) { c.limits.idle_timeout = as_seconds(v); }),
        number_key("limits.http_handler_timeout_secs", "ZHTTP_HANDLER_TIMEOUT_SECS", "330",
                   "The longest a request may take to be answered: 504.", Unit::Seconds, 1, 86'400,
                   [](Config& c, const KeyValue& v) { c.limits.handler_timeout = as_seconds(v); }),
    };
}

std::vector<ConfigKey> rate_limits() {
    std::vector<ConfigKey> keys{
        number_key("rate_limit.per_ip", "ZRATE_LIMIT_PER_MINUTE", "100",
                   "Requests per minute and address without a valid credential; 0 is off.",
                   Unit::None, 0, 100'000'000,
                   [](Config& c, const KeyValue& v) { c.rate_limit.per_ip = as_u32(v); }),
        number_key("rate_limit.per_user", "ZRATE_LIMIT_USER_PER_MINUTE", "6000",
                   "Requests per minute and user or API key; 0 is off.", Unit::None, 0, 100'000'000,
                   [](Config& c, const KeyValue& v) { c.rate_limit.per_user = as_u32(v); }),
    };
    // After the two: false wins over them.
    keys.push_back({.name = "rate_limit.enabled",
                    .type = KeyType::Boolean,
                    .fallback = "true",
                    .help = "false switches both off.",
                    .apply =
                        [](Config& c, const KeyValue& v) {
                            if (!as_bool(v)) c.rate_limit = {.per_ip = 0, .per_user = 0};
                        },
                    .env = {"ZRATE_LIMIT_ENABLED"}});
    return keys;
}

}  // namespace

std::vector<ConfigKey> limit_keys() {
    auto keys = request_limits();
    for (auto* part : {connection_limits, rate_limits}) {
        for (auto& key : part())
            keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace zs::server
