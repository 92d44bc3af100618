#pragma once

#include "base/error.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace zs::relational::postgres {

// What may be done about a failure, the whole transaction being pure.
enum class Remedy {
    None,
    Rerun,      // lost a race (serialisation, deadlock): run it again
    Reconnect,  // the connection is gone or knows outdated plans: run it again on a new one
};

struct Failure {
    Error error;
    Remedy remedy = Remedy::None;
};

template <class T>
using Outcome = boost::system::result<T, Failure>;

// The fields of a server's error answer that we look at.
struct ServerMessage {
    std::string state;  // SQLSTATE, five characters
    std::string text;
    std::string detail;
    std::string table;
    std::string column;
    std::string constraint;
};

// Errors: Conflict "constraint_violation" for class 23, with details kind ("unique", "foreign_key",
// "not_null", "check", "exclusion"), table, and constraint in the words SQLite uses:
// "users.org_id, users.email" for columns, else the constraint's name (details.name on PostgreSQL).
// Source: PostgreSQL 15 manual, appendix A.
Failure to_failure(const ServerMessage& message, std::string_view sql);

Failure connection_lost(std::string_view why);

}  // namespace zs::relational::postgres
