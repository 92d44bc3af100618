#pragma once

#include "adapters/process/artifact_scan.hpp"
#include "adapters/process/worker_ground.hpp"

#include <string>
#include <vector>

namespace zs::process {

// Puts what an attempt left under artifacts/ into the blob store and tells the sink.
// Lifetime: ground and sink outlive it.
class ArtifactCollector {
public:
    ArtifactCollector(WorkerGround& ground, std::string folder, jobs::EventSink& sink);

    // Answers what was skipped. Errors: TooLarge "artifact_limit", then nothing is kept; Conflict
    // "lease_lost"; what the store answers.
    async::Task<Result<std::vector<std::string>>> collect();

private:
    async::Task<Result<files::BlobInfo>> store(FoundArtifact file);
    async::Task<Result<void>> copy(std::shared_ptr<Descriptor> file, std::uint64_t size,
                                   files::BlobWriter& writer);

    WorkerGround& ground_;
    const std::string folder_;
    jobs::EventSink& sink_;
    ArtifactRules rules_;
};

}  // namespace zs::process
