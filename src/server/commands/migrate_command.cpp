#include "server/commands/migrate_command.hpp"

#include "adapters/cli/table.hpp"
#include "adapters/relational/migrations.hpp"
#include "base/json_writer.hpp"
#include "server/commands/control_plane.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <ostream>

namespace zs::server {
namespace {

// The database of `migrate`: the configuration file's, else DATABASE_URL's, else the embedded one.
ConfigInput input_of(const MigrateOptions& options, const cli::Console& console) {
    auto input = config_input(options.source, console);
    const bool chosen = input.file || !console.variable("ZSERVER_CONFIG").empty()
                        || !console.variable("ZSTORAGE_BACKEND").empty()
                        || !console.variable("ZSERVER__STORAGE__BACKEND").empty()
                        || !console.variable("CLAUDE_DSL__STORAGE__BACKEND").empty()
                        || options.source.data;
    if (!chosen && !console.variable("DATABASE_URL").empty()) {
        input.flags.push_back({"DATABASE_URL", "storage.backend", "postgres"});
    }
    return input;
}

std::string padded(int version) {
    auto digits = std::to_string(version);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

void print_status(const std::vector<relational::MigrationStatus>& all, cli::Console& console) {
    const bool current = relational::is_up_to_date(all);
    if (console.json) {
        boost::json::array rows;
        for (const auto& each : all) {
            boost::json::object row{{"version", each.version},
                                    {"name", json_text(each.name)},
                                    {"state", json_text(to_text(each.state))},
                                    {"applied_at", nullptr}};
            if (each.applied_at) row["applied_at"] = json_text(to_rfc3339(*each.applied_at));
            rows.push_back(std::move(row));
        }
        boost::json::object out{{"up_to_date", current}};
        out["migrations"] = std::move(rows);
        console.out << write_json(out) << '\n';
        return;
    }
    std::vector<cli::TableRow> rows;
    for (const auto& each : all) {
        rows.push_back({std::string(to_text(each.state)), padded(each.version), each.name,
                        each.applied_at ? to_rfc3339(*each.applied_at) : "-"});
    }
    const std::vector<cli::TableColumn> columns{{"state"}, {"version"}, {"name"}, {"applied at"}};
    console.out << cli::render_table(columns, rows, {.color = console.color()});
}

void print_steps(const std::vector<relational::MigrationStep>& steps, const MigrateOptions& options,
                 cli::Console& console) {
    if (console.json) {
        boost::json::array rows;
        for (const auto& step : steps) {
            rows.push_back(
                boost::json::object{{"version", step.version}, {"name", json_text(step.name)}});
        }
        boost::json::object out{{"action", json_text(options.action)},
                                {"dry_run", options.dry_run}};
        out["steps"] = std::move(rows);
        console.out << write_json(out) << '\n';
        return;
    }
    const std::string verb = options.action == "up" ? "applied" : "undone";
    for (const auto& step : steps) {
        console.out << (options.dry_run ? "would be " : "") << verb << " " << padded(step.version)
                    << " " << step.name << '\n';
    }
    if (steps.empty()) console.note("Nothing to do.");
}

Result<void> migrate(const MigrateOptions& options, ControlPlane& plane, cli::Console& console) {
    const auto dialect = plane.database().dialect();
    auto files = options.folder ? relational::migrations_in_blocking(*options.folder, dialect)
                                : relational::embedded_migrations(dialect);
    if (!files) return std::move(files).error();
    relational::Migrator migrator(plane.database(), plane.clock(), std::move(*files));
    if (options.action == "status") {
        const auto status = plane.run_blocking(migrator.status());
        if (!status) return status.error();
        print_status(*status, console);
        return {};
    }
    const relational::MigrationRange range{
        .steps = options.steps, .to = options.to, .dry_run = options.dry_run};
    const auto steps = options.action == "up" ? plane.run_blocking(migrator.up(range))
                                              : plane.run_blocking(migrator.down(range));
    if (!steps) return steps.error();
    print_steps(*steps, options, console);
    return {};
}

}  // namespace

int run_migrate(const MigrateOptions& options, cli::Console& console) {
    auto config = load_or_explain(input_of(options, console), console);
    if (!config) return console.fail(config.error());
    auto plane = ControlPlane::open_blocking(*config);
    if (!plane) return console.fail(plane.error());
    console.note((*plane)->description());
    auto done = migrate(options, **plane, console);
    if (!done) return console.fail(done.error());
    return cli::kExitSuccess;
}

}  // namespace zs::server
