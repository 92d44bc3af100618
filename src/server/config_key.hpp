#pragma once

#include "server/config.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The declarative table behind the configuration: one row per key drives reading, checking,
// `config show`, `config docs`, docs/configuration.md and --help.
namespace zs::server {

enum class KeyType {
    Text,
    Secret,  // text that is masked wherever it is shown
    Url,     // as Secret, but only the password inside is masked
    Integer,
    Boolean,
    Choice,    // one of `choices`
    Endpoint,  // host:port
    List,      // comma-separated text, or an array
};

// What an integer counts. Text with a unit ("30s", "5m", "10MiB") is accepted too.
enum class Unit { None, Seconds, Millis, Bytes };

using KeyValue = std::variant<std::monostate, bool, std::int64_t, std::string,
                              std::vector<std::string>, Endpoint>;

struct ConfigKey {
    std::string_view name;  // "sql.timeout_secs"; "" when there is no TOML key
    KeyType type = KeyType::Text;
    std::string_view fallback;  // as documented; text in parentheses is not a value: "(unset)"
    std::string_view help;
    // Sets the field. The value has the type that belongs to `type` and lies in the range.
    void (*apply)(Config&, const KeyValue&) = nullptr;

    std::vector<std::string_view> env = {};      // the first wins over the next
    std::vector<std::string_view> aliases = {};  // other TOML names of existing files
    std::string_view flag = {};                  // of `zserver server`: "-p,--port"
    Unit unit = Unit::None;
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::string_view choices = {};  // "auto|always|off"
    bool false_is_zero = false;     // an integer that may also be written as false
    // A further rule; answers what would be right, empty when the value is.
    std::string (*check)(const KeyValue&) = nullptr;

    std::string_view shown_name() const { return name.empty() ? env.front() : name; }
    bool is_secret() const { return type == KeyType::Secret || type == KeyType::Url; }
};

// Every key, in the order of the documentation.
std::span<const ConfigKey> all_keys();
const ConfigKey* find_key(std::string_view name_or_alias);

// The sections' tables; all_keys() joins them.
std::vector<ConfigKey> server_keys();
std::vector<ConfigKey> auth_keys();
std::vector<ConfigKey> storage_keys();
std::vector<ConfigKey> sql_keys();
std::vector<ConfigKey> vector_keys();
std::vector<ConfigKey> limit_keys();
std::vector<ConfigKey> file_keys();
std::vector<ConfigKey> ingest_keys();
std::vector<ConfigKey> websocket_keys();
std::vector<ConfigKey> job_keys();
std::vector<ConfigKey> worker_keys();
std::vector<ConfigKey> monitoring_keys();

// A key that belongs to a part of zserver that this version does not have: it is ignored, with a
// warning. Answers the part ("jobs"), or empty.
std::string_view later_part(std::string_view name);

// "between 1 and 300 seconds", "auto, always or off", …: what would be right.
std::string expectation(const ConfigKey& key);

// Reads text as the key's type and checks it. Errors: InvalidArgument; the message is what would be
// right, without name and place.
Result<KeyValue> parse_value(const ConfigKey& key, std::string_view text);
Result<KeyValue> check_value(const ConfigKey& key, KeyValue value);

}  // namespace zs::server
