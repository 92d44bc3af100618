#include "adapters/sqlite_data/statement_control.hpp"

#include <sqlite3.h>

namespace zs::sqlite_data {
namespace {

// Between two looks at the clock: some ten microseconds of engine work.
constexpr int kStepsPerLook = 1000;

constexpr std::size_t kRewrittenGrowthMax = 16;

}  // namespace

StatementControl::StatementControl(sqlite3* connection, const StatementLimits& limits)
    : limits_(limits) {
    sqlite3_progress_handler(connection, kStepsPerLook, &StatementControl::callback, this);
}

void StatementControl::begin(const data::SqlRequest& request) {
    request_ = &request;
    steps_ = 0;
    stop_ = Stop::None;
}

int StatementControl::callback(void* self) {
    return static_cast<StatementControl*>(self)->must_stop() ? 1 : 0;
}

bool StatementControl::must_stop() {
    if (request_ == nullptr) return false;
    steps_ += kStepsPerLook;
    if (request_->cancelled.stop_requested()) {
        stop_ = Stop::Cancelled;
    } else if (steps_ > limits_.steps) {
        stop_ = Stop::Steps;
    } else if (request_->deadline.expired()) {
        stop_ = Stop::Deadline;
    }
    return stop_ != Stop::None;
}

Error StatementControl::reason() const {
    switch (stop_) {
        case Stop::Cancelled: return deadline_exceeded("the statement was cancelled; it is undone");
        case Stop::Steps:
            return deadline_exceeded("the statement took more than " + std::to_string(limits_.steps)
                                     + " engine steps; it is undone");
        case Stop::Deadline:
        case Stop::None: break;
    }
    return deadline_exceeded("the statement ran longer than its time limit; it is undone");
}

void apply_limits(sqlite3* connection, const StatementLimits& limits) {
    const auto limit = [connection](int id, std::size_t value) {
        sqlite3_limit(connection, id, static_cast<int>(value));
    };
    const auto count = [connection](int id, int value) { sqlite3_limit(connection, id, value); };
    limit(SQLITE_LIMIT_LENGTH, limits.value_bytes);
    // Callers' texts are measured before; what vectors are rewritten to is longer.
    limit(SQLITE_LIMIT_SQL_LENGTH, limits.text_bytes * kRewrittenGrowthMax);
    count(SQLITE_LIMIT_COLUMN, limits.columns);
    count(SQLITE_LIMIT_EXPR_DEPTH, limits.expression_depth);
    count(SQLITE_LIMIT_COMPOUND_SELECT, limits.compound_selects);
    count(SQLITE_LIMIT_VDBE_OP, limits.program_steps);
    count(SQLITE_LIMIT_FUNCTION_ARG, 127);
    count(SQLITE_LIMIT_ATTACHED, 0);
    count(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits.like_pattern_bytes);
    count(SQLITE_LIMIT_VARIABLE_NUMBER, limits.parameters);
    count(SQLITE_LIMIT_TRIGGER_DEPTH, limits.trigger_depth);
    count(SQLITE_LIMIT_WORKER_THREADS, 0);
}

}  // namespace zs::sqlite_data
