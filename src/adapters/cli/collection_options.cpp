#include "adapters/cli/collection_options.hpp"

#include "adapters/cli/ingest_command.hpp"
#include "adapters/cli/target_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::cli {
namespace {

constexpr std::string_view kIngestExamples = R"(Examples:
  zserver ingest events.ndjson --collection events --create
  zserver ingest part-*.ndjson.gz --collection events --on-conflict ignore
  zserver ingest export.json --collection events --id-field key

A file that was cut off goes on where the server has it, also when the command is run again within a
day. Exit code 1 when a document could not be stored.)";

void add_ingest(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("ingest", "Send files of documents into a collection");
    command->footer(std::string(kIngestExamples));
    auto options = std::make_shared<IngestOptions>();
    command->add_option("FILE", options->files, "NDJSON or JSON; .gz and .zst as they are")
        ->required();
    command->add_option("--collection", options->collection, "Where to")
        ->required()
        ->type_name("NAME");
    command->add_flag("--create", options->create, "Create the collection when it is missing");
    command->add_option("--format", options->format, "auto, ndjson or json")
        ->check(CLI::IsMember({"auto", "ndjson", "json"}))
        ->capture_default_str();
    command->add_option("--on-conflict", options->on_conflict, "error, replace or ignore")
        ->check(CLI::IsMember({"error", "replace", "ignore"}))
        ->capture_default_str();
    command->add_option("--on-error", options->on_error, "skip or abort")
        ->check(CLI::IsMember({"skip", "abort"}))
        ->capture_default_str();
    command->add_option("--id-field", options->id_field, "Stands for _id where there is none")
        ->type_name("KEY");
    command->add_option("--max-errors", options->errors_max, "One more ends the call")
        ->type_name("N");
    command->add_option("--key", options->key, "Idempotency-Key [from the file's name and time]")
        ->type_name("KEY");
    command->add_option("--dead-letter", options->dead_letter, "Gets what could not be stored")
        ->type_name("NAME");
    auto compress = std::make_shared<std::string>("none");
    command->add_option("--compress", *compress, "On the way: none, gzip or zstd")
        ->check(CLI::IsMember({"none", "gzip", "zstd"}))
        ->capture_default_str();
    command->add_option("--retries", options->retries, "After a cut connection")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    add_server_options(*command, options->target);
    command->callback([options, compress, &console, &clock, &exit_code] {
        options->compress = *parse_text(std::type_identity<BodyCoding>{}, *compress);
        exit_code = run_ingest(*options, console, clock);
    });
}

void add_export(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    auto* command = app.add_subcommand("export", "Fetch every document of a collection");
    auto options = std::make_shared<ExportOptions>();
    command->add_option("COLLECTION", options->collection, "Which")->required();
    command->add_option("-o,--output", options->output, "File [standard output]")
        ->type_name("FILE");
    command->add_option("--format", options->format, "ndjson or csv")
        ->check(CLI::IsMember({"ndjson", "csv"}))
        ->capture_default_str();
    command->add_option("--retries", options->retries, "After a cut connection")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    add_server_options(*command, options->target);
    command->callback([options, &console, &clock, &exit_code] {
        exit_code = run_export(*options, console, clock);
    });
}

}  // namespace

void add_collection_commands(CLI::App& app, Console& console, const Clock& clock, int& exit_code) {
    add_ingest(app, console, clock, exit_code);
    add_export(app, console, clock, exit_code);
}

}  // namespace zs::cli
