#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/tenant_numbers.hpp"
#include "core/jobs/artifact_index.hpp"

namespace zs::relational {

// Which blobs jobs hold (migration 004). A row keeps its blob from being collected, as a grant of a
// file does; it goes with its job.
// Lifetime: the database outlives it. Errors: as Database.
class SqlArtifactIndex final : public jobs::ArtifactIndex {
public:
    explicit SqlArtifactIndex(Database& database) : database_(database), tenants_(database) {}

    async::Task<Result<void>> record(jobs::LeaseRef lease, std::vector<jobs::Artifact> artifacts,
                                     Timestamp now) override;
    async::Task<Result<std::vector<jobs::ArtifactRecord>>> list(
        identity::Tenant tenant, jobs::JobId job, std::optional<std::uint32_t> attempt) override;

private:
    Database& database_;
    TenantNumbers tenants_;
};

}  // namespace zs::relational
