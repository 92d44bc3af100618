#pragma once

#include "adapters/relational/database.hpp"

#include <string>

namespace zs::relational {

// Folders of blobs that the servers on one database write to, by the name that lies in them
// (migration 005): so a worker knows whether what it writes will be found.
// Lifetime: the database outlives it. Errors: as Database.
class SqlBlobFolders {
public:
    explicit SqlBlobFolders(Database& database) : database_(database) {}
    async::Task<Result<void>> announce(std::string folder, Timestamp now);
    async::Task<Result<bool>> knows(std::string folder);

private:
    Database& database_;
};

}  // namespace zs::relational
