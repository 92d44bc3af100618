#pragma once

#include "adapters/sqlite_data/engine_connection.hpp"

namespace zs::sqlite_data {

// One statement of a caller while it runs: with the caller's rights, within the limits. Resets on
// every way out: an open statement holds a snapshot, and borrowed parameters.
class EngineConnection::Execution {
public:
    Execution(EngineConnection& engine, sqlite::Statement& statement,
              const data::SqlRequest& request)
        : engine_(engine), statement_(statement), memory_(engine.options_.statement.memory_bytes) {
        engine_.authorizer_.enter(*request.rights, request.sql);
        engine_.authorizer_.begin_running();
        engine_.control_.begin(request);
        engine_.vector_functions_.forget_error();
        engine_.vector_functions_.forget_distances();
        engine_.nearest_tables_.forget_error();
        engine_.nearest_.begin(request);
    }
    ~Execution() {
        statement_.reset();
        statement_.clear_bindings();
        engine_.nearest_.end();
        engine_.control_.end();
        engine_.authorizer_.leave();
    }
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

private:
    EngineConnection& engine_;
    sqlite::Statement& statement_;
    sqlite::MemoryScope memory_;
};

}  // namespace zs::sqlite_data
