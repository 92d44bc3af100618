#include "server/key_values.hpp"

namespace zs::server {
namespace {

std::vector<ConfigKey> statement_keys() {
    std::vector<ConfigKey> keys{
        number_key("sql.timeout_secs", "ZSQL_TIMEOUT_SECS", "30",
                   "Run time of a statement; a call may lower it, or raise it to 300.",
                   Unit::Seconds, 1, 300,
                   [](Config& c, const KeyValue& v) { c.sql.timeout = as_seconds(v); }),
        number_key("sql.max_rows", "ZSQL_MAX_ROWS", "10000",
                   "Rows in a JSON reply; a call may ask for up to 100000.", Unit::None, 1, 100'000,
                   [](Config& c, const KeyValue& v) { c.sql.rows_max = as_size(v); }),
        number_key("sql.memory_limit", "ZSQL_MEMORY_LIMIT", "268435456", "Memory of one statement.",
                   Unit::Bytes, 1 << 20, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.sql.statement_memory_max = as_size(v); }),
        number_key("sql.max_text", "ZSQL_MAX_TEXT", "1048576", "Length of a statement's text.",
                   Unit::Bytes, 1024, 1 << 30,
                   [](Config& c, const KeyValue& v) { c.sql.text_bytes_max = as_size(v); }),
        number_key("sql.max_concurrent", "ZSQL_MAX_CONCURRENT", "10",
                   "Statements at once per organisation and environment; others wait up to 5 s.",
                   Unit::None, 1, 10'000,
                   [](Config& c, const KeyValue& v) { c.sql.concurrent_max = as_size(v); }),
        number_key("sql.threads", "ZSQL_THREADS", "(number of cores, at least 2)",
                   "Threads that run statements.", Unit::None, 1, kKeyThreadsMax,
                   [](Config& c, const KeyValue& v) { c.sql.threads = as_size(v); }),
        number_key("sql.max_streams", "ZSQL_MAX_STREAMS", "4",
                   "Streamed results at once per organisation and environment.", Unit::None, 1,
                   10'000, [](Config& c, const KeyValue& v) { c.sql.streams_max = as_size(v); }),
        number_key("sql.stream_threads", "ZSQL_STREAM_THREADS", "32",
                   "Threads for streamed results, which run at their clients' pace.", Unit::None, 1,
                   kKeyThreadsMax,
                   [](Config& c, const KeyValue& v) { c.sql.stream_threads = as_size(v); }),
        number_key("sql.max_open_databases", "ZSQL_MAX_OPEN_DATABASES", "64",
                   "Databases of tenants that stay open at once.", Unit::None, 1, 100'000,
                   [](Config& c, const KeyValue& v) { c.sql.databases_open_max = as_size(v); }),
    };
    keys[0].aliases = {"limits.sql_timeout_secs"};
    keys[1].aliases = {"limits.sql_max_rows"};
    keys[3].aliases = {"limits.sql_max_text"};
    keys[4].aliases = {"limits.sql_max_concurrent"};
    return keys;
}

std::vector<ConfigKey> transaction_keys() {
    return {
        number_key("sql.tx_timeout_secs", "ZTX_TIMEOUT_SECS", "300",
                   "Life of a transaction that does not ask for another.", Unit::Seconds, 1, 86'400,
                   [](Config& c, const KeyValue& v) { c.sql.tx_timeout = as_seconds(v); }),
        number_key("sql.tx_max_timeout_secs", "ZTX_MAX_TIMEOUT_SECS", "3600",
                   "The longest life a transaction may ask for.", Unit::Seconds, 1, 86'400,
                   [](Config& c, const KeyValue& v) { c.sql.tx_timeout_max = as_seconds(v); }),
        number_key("sql.tx_max_per_token", "ZTX_MAX_PER_TOKEN", "10",
                   "Active transactions of one principal.", Unit::None, 1, 10'000,
                   [](Config& c, const KeyValue& v) { c.sql.tx_per_token_max = as_size(v); }),
        number_key("sql.tx_lock_wait_ms", "ZTX_LOCK_WAIT_MS", "5000",
                   "How long a transaction's first write waits for the write lock.", Unit::Millis,
                   0, 300'000,
                   [](Config& c, const KeyValue& v) { c.sql.tx_lock_wait = as_millis(v); }),
        number_key("sql.tx_write_idle_ms", "ZTX_WRITE_IDLE_MS", "5000",
                   "A holder of the write lock without a request for this long is rolled back.",
                   Unit::Millis, 100, 3'600'000,
                   [](Config& c, const KeyValue& v) { c.sql.tx_write_idle = as_millis(v); }),
    };
}

}  // namespace

std::vector<ConfigKey> sql_keys() {
    auto keys = statement_keys();
    for (auto& key : transaction_keys())
        keys.push_back(std::move(key));
    return keys;
}

}  // namespace zs::server
