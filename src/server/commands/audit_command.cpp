#include "server/commands/audit_command.hpp"

#include "base/json_writer.hpp"
#include "core/identity/identity.hpp"
#include "server/commands/operator_session.hpp"

#include <ostream>

namespace zs::server {

int verify_audit_command(const ConfigSource& source, cli::Console& console) {
    auto config = load_or_explain(config_input(source, console), console);
    if (!config) return console.fail(config.error());
    auto session = OperatorSession::open_blocking(*config);
    if (!session) return console.fail(session.error());
    auto& audit = (*session)->identity().audit;
    const auto rows = (*session)->plane().run_blocking(audit.verify());
    if (!rows) return console.fail(rows.error());
    if (console.json) {
        console.out << write_json(boost::json::object{{"intact", true}, {"rows", *rows}}) << '\n';
    } else {
        console.out << "The audit log is intact: " << *rows << " rows.\n";
    }
    return cli::kExitSuccess;
}

}  // namespace zs::server
