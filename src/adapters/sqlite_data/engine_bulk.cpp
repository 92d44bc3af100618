#include "adapters/sqlite_data/engine_connection.hpp"

namespace zs::sqlite_data {

Result<std::unique_ptr<Prepared>> EngineConnection::compile_once(const data::SqlRequest& request) {
    refresh_schema();
    return compile(request);
}

EngineConnection::Bulk::Bulk(EngineConnection& engine, const data::SqlRequest& request)
    : engine_(engine), memory_(engine.options_.statement.memory_bytes) {
    engine_.authorizer_.enter(*request.rights, request.sql);
    engine_.authorizer_.begin_running();
    engine_.control_.begin(request);
}

EngineConnection::Bulk::~Bulk() {
    engine_.control_.end();
    engine_.authorizer_.leave();
}

}  // namespace zs::sqlite_data
