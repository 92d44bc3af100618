#pragma once

#include "adapters/sqlite_data/tenant_database.hpp"

#include <memory>
#include <utility>

namespace zs::sqlite_data {

// A reader's session, given back on every way out.
class ReaderSession {
public:
    static Result<ReaderSession> take_blocking(TenantDatabase& database) {
        auto session = database.take_session_blocking(TenantDatabase::Use::Read);
        if (!session) return std::move(session).error();
        return ReaderSession(database, std::move(*session));
    }
    ReaderSession(ReaderSession&&) = default;
    ReaderSession& operator=(ReaderSession&&) = delete;
    ~ReaderSession() {
        if (session_) database_->give_session(TenantDatabase::Use::Read, std::move(session_));
    }
    EngineConnection& engine() { return session_->engine; }
    sqlite::Connection& connection() { return session_->connection; }

private:
    ReaderSession(TenantDatabase& database, std::unique_ptr<Session> session)
        : database_(&database), session_(std::move(session)) {}
    TenantDatabase* database_;
    std::unique_ptr<Session> session_;
};

}  // namespace zs::sqlite_data
