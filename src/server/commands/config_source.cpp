#include "server/commands/config_source.hpp"

#include <boost/json/array.hpp>

namespace zs::server {

ConfigInput config_input(const ConfigSource& source, const cli::Console& console) {
    ConfigInput input{.file = std::nullopt,
                      .environment = console.environment,
                      .flags = source.flags,
                      .dev = source.dev};
    if (source.file) input.file = *source.file;
    if (source.data) input.flags.push_back({"--data", "server.data", *source.data});
    return input;
}

Result<Config> load_or_explain(const ConfigInput& input, cli::Console& console) {
    auto loaded = load_config(input);
    for (const auto& warning : loaded.warnings)
        console.warning(warning.to_string());
    if (loaded.ok()) return std::move(loaded.config);
    std::string message =
        "the configuration has "
        + (loaded.errors.size() == 1 ? std::string("an error")
                                     : std::to_string(loaded.errors.size()) + " errors")
        + ":";
    boost::json::array list;
    for (const auto& error : loaded.errors) {
        message += "\n  " + error.to_string();
        list.push_back(json_text(error.to_string()));
    }
    return invalid_argument(std::move(message), "invalid_configuration")
        .with("errors", boost::json::value(std::move(list)));
}

}  // namespace zs::server
