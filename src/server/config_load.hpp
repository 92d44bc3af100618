#pragma once

#include "server/config.hpp"
#include "server/config_key.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::server {

// A flag of the command line that sets a key: {"--port", "server.port", "8080"}.
struct ConfigFlag {
    std::string flag;
    std::string key;
    std::string value;
};

struct ConfigInput {
    std::optional<std::filesystem::path> file;  // --config; else ZSERVER_CONFIG
    std::map<std::string, std::string> environment;
    std::vector<ConfigFlag> flags;
    bool dev = false;
};

struct ConfigProblem {
    std::string place;  // "zserver.toml:12", "ZSQL_TIMEOUT_SECS", "--port"; may be empty
    std::string message;

    std::string to_string() const { return place.empty() ? message : place + ": " + message; }
};

// Where a value stands. A higher one wins.
enum class SourceKind { Default, File, Environment, Flag };

// What one key has become. `shown` never holds a secret.
struct Setting {
    const ConfigKey* key = nullptr;
    std::string shown;
    SourceKind source = SourceKind::Default;
    std::string place;  // "default", or as ConfigProblem::place
};

struct LoadedConfig {
    Config config;                  // only meaningful without errors
    std::vector<Setting> settings;  // every key, in the order of all_keys()
    std::vector<ConfigProblem> errors;
    std::vector<ConfigProblem> warnings;

    bool ok() const { return errors.empty(); }
};

// Flags win over the environment, that over the file, that over the defaults. Everything is
// checked, and every problem is reported, not only the first.
LoadedConfig load_config(const ConfigInput& input);
// The same with the file's text at hand; `file_name` is for messages.
LoadedConfig load_config_text(const ConfigInput& input, std::string_view file_name,
                              std::string_view toml);

std::map<std::string, std::string> process_environment();

// As it may be printed: secrets are "***", the password of a URL is.
std::string shown_value(const ConfigKey& key, const KeyValue& value);
std::string without_password(std::string_view url);

// For `zserver config show`: as TOML with the source of each value, or as JSON.
std::string settings_as_toml(const LoadedConfig& loaded);
boost::json::array settings_as_json(const LoadedConfig& loaded);

// The table of docs/configuration.md.
std::string keys_as_markdown();

}  // namespace zs::server
