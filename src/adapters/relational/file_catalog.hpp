#pragma once

#include "adapters/relational/database.hpp"
#include "core/files/file_catalog.hpp"

namespace zs::relational {

// Who has which file, in the control plane's database (migration 003).
// Lifetime: the database outlives it. Errors: as Database.
class SqlFileCatalog final : public files::FileCatalog {
public:
    explicit SqlFileCatalog(Database& database) : database_(database) {}

    async::Task<Result<files::Granted>> grant(files::FileRecord record) override;
    async::Task<Result<std::optional<files::FileRecord>>> find(identity::Tenant tenant,
                                                               files::Digest sha256) override;
    async::Task<Result<std::vector<files::FileRecord>>> list(files::FileQuery query) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, files::Digest sha256) override;
    async::Task<Result<void>> refer(files::FileReference reference) override;
    async::Task<Result<void>> release(files::FileReference reference) override;

private:
    Database& database_;
};

}  // namespace zs::relational
