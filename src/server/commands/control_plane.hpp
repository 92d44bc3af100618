#pragma once

#include "adapters/relational/migrations.hpp"
#include "adapters/relational/open_database.hpp"
#include "async/io_runtime.hpp"
#include "async/run_blocking.hpp"
#include "base/clock.hpp"
#include "server/config.hpp"

#include <memory>
#include <string>

namespace zs::server {

// The control plane's database as a command of an operator uses it: beside a running server, or
// without one.
// Threading: from one thread, which is not an io thread.
class ControlPlane {
public:
    // Makes the data directory when it is missing (0700). Errors: as relational::open_database.
    static Result<std::unique_ptr<ControlPlane>> open_blocking(const Config& config);

    relational::Database& database() { return *database_; }
    const Clock& clock() const { return clock_; }
    // For messages: "SQLite ./data/control.db", "PostgreSQL postgres://u:***@h/d".
    const std::string& description() const { return description_; }

    // Brings the schema up to date when `auto_migrate` says so, else insists that it is.
    // Errors: Conflict when it is not; as relational::Migrator.
    Result<void> prepare_schema_blocking(const Config& config);

    template <class T>
    T run_blocking(async::Task<T> task) {
        return async::run_blocking(io_.executor(), std::move(task));
    }

private:
    explicit ControlPlane(const Config& config);

    const SystemClock clock_;
    async::IoRuntime io_{1};
    async::BlockingPool pool_;
    std::unique_ptr<relational::Database> database_;
    std::string description_;
};

}  // namespace zs::server
