#pragma once

#include "core/jobs/worker.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::jobs {

struct ArtifactRecord {
    Artifact artifact;
    std::uint32_t attempt = 0;
    Timestamp created_at;
};

// Which files jobs made. The bytes lie in the blob store; the index holds the references to them.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class ArtifactIndex {
public:
    virtual ~ArtifactIndex() = default;
    // The blob is committed and claimed. Errors: Conflict "lease_lost", "blob_gone".
    virtual async::Task<Result<void>> record(LeaseRef lease, std::vector<Artifact> artifacts,
                                             Timestamp now) = 0;
    // By name; of the latest attempt that has any unless `attempt` says which. Errors: NotFound.
    virtual async::Task<Result<std::vector<ArtifactRecord>>> list(
        identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt) = 0;
};

}  // namespace zs::jobs
