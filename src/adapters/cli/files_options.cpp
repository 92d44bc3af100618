#include "adapters/cli/files_options.hpp"

#include "adapters/cli/files_commands.hpp"
#include "adapters/cli/target_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::cli {
namespace {

constexpr std::string_view kExamples = R"(Examples:
  zserver files put report.pdf photo.jpg
  zserver files get 9f86d0…  -o report.pdf    resumes what an earlier try left
  zserver files list --json
  zserver files rm 9f86d0…
  zserver files verify                        read and hash every file of the server anew

verify and gc are for administrators of the default organization. They run on the server, which
alone knows what is being uploaded while they run.)";

using Run = int (*)(const FilesOptions&, Console&, const Clock&);

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about,
              const std::shared_ptr<FilesOptions>& options, Run run, Console& console,
              const Clock& clock, int& exit_code) {
    auto* command = parent.add_subcommand(name, about);
    add_server_options(*command, options->target);
    command->callback([options, run, &console, &clock, &exit_code] {
        exit_code = run(*options, console, clock);
    });
    return command;
}

}  // namespace

void add_files(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* files = app.add_subcommand("files", "Store and fetch files on a server");
    files->require_subcommand(1);
    files->footer(std::string(kExamples));
    auto options = std::make_shared<FilesOptions>();
    auto* put =
        add(*files, "put", "Upload files", options, run_files_put, console, clock, exit_code);
    put->add_option("FILE", options->names, "Files to upload")->required();
    put->add_option("--type", options->content_type, "Content-Type [application/octet-stream]")
        ->type_name("TYPE");
    auto* get = add(*files, "get", "Download a file and check its hash", options, run_files_get,
                    console, clock, exit_code);
    get->add_option("SHA256", options->names, "The file's SHA-256")->required()->expected(1);
    get->add_option("-o,--output", options->output, "Where to; else standard output")
        ->type_name("FILE");
    add(*files, "list", "List files, newest first", options, run_files_list, console, clock,
        exit_code);
    auto* remove =
        add(*files, "rm", "Delete files", options, run_files_remove, console, clock, exit_code);
    remove->add_option("SHA256", options->names, "Their SHA-256")->required();
    add(*files, "verify", "Have the server read and hash everything anew", options,
        run_files_verify, console, clock, exit_code);
    add(*files, "gc", "Have the server remove bytes that nobody has", options, run_files_collect,
        console, clock, exit_code);
}

}  // namespace zs::cli
