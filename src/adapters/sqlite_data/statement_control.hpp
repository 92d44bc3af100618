#pragma once

#include "adapters/sqlite_data/options.hpp"
#include "core/data/sql_request.hpp"

struct sqlite3;

namespace zs::sqlite_data {

// Stops a statement that runs too long: by time, by the client going away, by engine steps.
// Threading: as its connection. Lifetime: stays where it is as long as the connection is used.
class StatementControl {
public:
    StatementControl(sqlite3* connection, const StatementLimits& limits);
    StatementControl(const StatementControl&) = delete;
    StatementControl& operator=(const StatementControl&) = delete;

    void begin(const data::SqlRequest& request);
    void end() { request_ = nullptr; }
    // What the interruption was about.
    Error reason() const;

private:
    enum class Stop { None, Deadline, Cancelled, Steps };
    static int callback(void* self);
    bool must_stop();

    StatementLimits limits_;
    const data::SqlRequest* request_ = nullptr;
    std::uint64_t steps_ = 0;
    Stop stop_ = Stop::None;
};

// Sets the engine's own limits on a connection.
void apply_limits(sqlite3* connection, const StatementLimits& limits);

}  // namespace zs::sqlite_data
