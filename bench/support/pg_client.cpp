#include "support/pg_client.hpp"

#include "support/failure.hpp"

#include <libpq-fe.h>

namespace zs::bench {

namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

}  // namespace

struct PgClient::Impl {
    PGconn* connection = nullptr;
    std::vector<const char*> values;

    ResultPtr checked(PGresult* raw) const {
        ResultPtr result(raw, &PQclear);
        const auto status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            throw Failure(std::string("PostgreSQL: ") + PQerrorMessage(connection));
        }
        return result;
    }
};

PgClient::PgClient(const std::string& conninfo) : impl_(std::make_unique<Impl>()) {
    impl_->connection = PQconnectdb(conninfo.c_str());
    if (PQstatus(impl_->connection) != CONNECTION_OK) {
        const std::string reason = PQerrorMessage(impl_->connection);
        PQfinish(impl_->connection);
        throw Failure("PostgreSQL: " + reason);
    }
}

PgClient::~PgClient() {
    PQfinish(impl_->connection);
}

void PgClient::run(const std::string& script) {
    impl_->checked(PQexec(impl_->connection, script.c_str()));
}

void PgClient::prepare(const std::string& name, const std::string& sql) {
    impl_->checked(PQprepare(impl_->connection, name.c_str(), sql.c_str(), 0, nullptr));
}

int PgClient::execute(const std::string& name, const std::vector<std::string>& params) {
    auto& values = impl_->values;
    values.clear();
    for (const auto& param : params)
        values.push_back(param.c_str());
    const auto result = impl_->checked(PQexecPrepared(
        impl_->connection, name.c_str(), int(values.size()), values.data(), nullptr, nullptr, 0));
    return PQntuples(result.get());
}

}  // namespace zs::bench
