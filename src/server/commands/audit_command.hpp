#pragma once

#include "server/commands/config_source.hpp"

namespace zs::server {

// `zserver audit verify`: reads the whole chain of the audit log, directly on the database, and
// says whether a row was changed or removed. Answers the exit code.
int verify_audit_command(const ConfigSource& source, cli::Console& console);

}  // namespace zs::server
