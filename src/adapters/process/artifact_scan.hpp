#pragma once

#include "adapters/process/descriptor.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zs::process {

struct FoundArtifact {
    std::string name;  // relative, with '/'
    std::uint64_t size = 0;
};

struct ArtifactScan {
    std::vector<FoundArtifact> files;  // by name
    std::vector<std::string> notes;    // what was skipped, and why
};

struct ArtifactRules {
    uid_t owner = 0;
    std::uint64_t files_max = 1000;
    std::uint64_t bytes_max = 1ULL << 30;
};

// What lies under a program's artifacts/ and may be kept. Nothing of the program runs any more.
// Source: jobs.md section 7, Artifacts.
// Errors: TooLarge when there are too many, or too many bytes.
Result<ArtifactScan> scan_artifacts_blocking(const std::string& folder, const ArtifactRules& rules);

// Opens one of them, beneath the folder and through no link; checked anew.
// Errors: Conflict when it is no longer what was found.
Result<Descriptor> open_artifact_blocking(const std::string& folder, const FoundArtifact& file,
                                          const ArtifactRules& rules);

// What may be a component of an artifact's name.
bool is_artifact_component(std::string_view component);

}  // namespace zs::process
