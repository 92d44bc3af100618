#pragma once

#include "adapters/localfs/local_blob_store.hpp"
#include "core/files/blob_store_pair.hpp"
#include "server/config.hpp"

#include <memory>
#include <optional>
#include <string>

namespace zs::server {

// Where bytes lie: the files of tenants in the data directory, artifacts of jobs beside them or in
// a folder of their own (queue.artifacts). Whatever is read may lie in either.
// Lifetime: the pool outlives it. Threading: as BlobStore.
class BlobStores {
public:
    // Makes the folders. Errors: Unavailable naming the one that stands in the way.
    static Result<std::unique_ptr<BlobStores>> open_blocking(const Config& config,
                                                             async::BlockingPool& pool);

    files::BlobStore& for_files() { return files_first_ ? *files_first_ : *files_; }
    files::BlobStore& for_artifacts() { return artifacts_first_ ? *artifacts_first_ : *files_; }

private:
    BlobStores() = default;
    std::unique_ptr<files::BlobStore> files_;
    std::unique_ptr<files::BlobStore> artifacts_;
    std::optional<files::BlobStorePair> files_first_;
    std::optional<files::BlobStorePair> artifacts_first_;
};

// The folder that takes artifacts.
std::filesystem::path artifact_folder(const Config& config);
// Its name, which lies in it; drawn when it has none. Errors: Unavailable naming the folder.
Result<std::string> name_of_folder_blocking(const std::filesystem::path& folder);
// The name that lies in it already. Errors: NotFound.
Result<std::string> known_name_blocking(const std::filesystem::path& folder);

}  // namespace zs::server
