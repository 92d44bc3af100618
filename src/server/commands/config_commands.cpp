#include "server/commands/config_commands.hpp"

#include "base/json_writer.hpp"
#include "server/version.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <ostream>

namespace zs::server {
namespace {

boost::json::array as_json(const std::vector<ConfigProblem>& problems) {
    boost::json::array out;
    for (const auto& problem : problems) {
        out.push_back(boost::json::object{{"place", json_text(problem.place)},
                                          {"message", json_text(problem.message)}});
    }
    return out;
}

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

int check_config_command(const ConfigSource& source, cli::Console& console) {
    const auto loaded = load_config(config_input(source, console));
    if (console.json) {
        boost::json::object out{{"valid", loaded.ok()}};
        out["errors"] = as_json(loaded.errors);
        out["warnings"] = as_json(loaded.warnings);
        console.out << write_json(out) << '\n';
    } else {
        for (const auto& warning : loaded.warnings)
            console.warning(warning.to_string());
        for (const auto& error : loaded.errors)
            console.err << error.to_string() << '\n';
        if (loaded.ok()) {
            if (!console.quiet) console.out << "The configuration is valid.\n";
        } else {
            console.note(counted(loaded.errors.size(), "error"));
        }
    }
    return loaded.ok() ? cli::kExitSuccess : cli::kExitFailure;
}

int show_config_command(const ConfigSource& source, cli::Console& console) {
    const auto input = config_input(source, console);
    const auto loaded = load_config(input);
    if (!loaded.ok()) return console.fail(load_or_explain(input, console).error());
    if (console.json) {
        console.out << write_json(settings_as_json(loaded)) << '\n';
    } else {
        for (const auto& warning : loaded.warnings)
            console.warning(warning.to_string());
        console.out << settings_as_toml(loaded);
    }
    return cli::kExitSuccess;
}

int config_docs_command(cli::Console& console) {
    console.out << keys_as_markdown();
    return cli::kExitSuccess;
}

int version_command(cli::Console& console) {
    if (console.json) {
        const boost::json::object out{{"name", "zserver"},
                                      {"version", json_text(kVersion)},
                                      {"commit", json_text(kCommit)},
                                      {"api", {"v1", "v2/rtc", "api/v1"}}};
        console.out << write_json(out) << '\n';
    } else {
        console.out << "zserver " << kVersion << " (" << kCommit << ")\napi v1, v2/rtc, api/v1\n";
    }
    return cli::kExitSuccess;
}

}  // namespace zs::server
