#pragma once

#include "adapters/cli/api_session.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::cli {

struct FilesOptions {
    Target target = {};
    std::vector<std::string> names = {};  // files to upload, or digests
    std::optional<std::string> output = {};
    std::string content_type = "application/octet-stream";
};

// `zserver files …`: each answers the exit code.

// Sends each file with its Content-Digest, so that what arrives is what was read.
int run_files_put(const FilesOptions& options, Console& console, const Clock& clock);
// Into `output` by way of "<output>.part", which a later try resumes; or to standard output. What
// does not hash to the digest is an error, and no file.
int run_files_get(const FilesOptions& options, Console& console, const Clock& clock);
int run_files_list(const FilesOptions& options, Console& console, const Clock& clock);
int run_files_remove(const FilesOptions& options, Console& console, const Clock& clock);
// Start a job of the server's upkeep and wait for its end. Damage found is a failure.
int run_files_verify(const FilesOptions& options, Console& console, const Clock& clock);
int run_files_collect(const FilesOptions& options, Console& console, const Clock& clock);

}  // namespace zs::cli
