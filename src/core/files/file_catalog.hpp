#pragma once

#include "async/task.hpp"
#include "core/files/file.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace zs::files {

struct Granted {
    FileRecord record;  // as it stands: the first upload's type and time
    bool created = false;
};

struct FileQuery {
    identity::Tenant tenant;
    std::size_t limit = 100;
    // Only what is older than this place in the list.
    std::optional<std::pair<Timestamp, Digest>> before;
};

// Who has which file, and who needs it.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class FileCatalog {
public:
    virtual ~FileCatalog() = default;
    // After the blob was committed: gives the tenant the file, unless it has it, and declares the
    // blob sound. Errors: Conflict "blob_gone" when it was not claimed, or is being removed.
    virtual async::Task<Result<Granted>> grant(FileRecord record) = 0;
    virtual async::Task<Result<std::optional<FileRecord>>> find(identity::Tenant tenant,
                                                                Digest sha256) = 0;
    // Newest first; equal times by falling digest.
    virtual async::Task<Result<std::vector<FileRecord>>> list(FileQuery query) = 0;
    // Takes the file from the tenant. Errors: NotFound; Conflict "file_in_use".
    virtual async::Task<Result<void>> remove(identity::Tenant tenant, Digest sha256) = 0;
    // Both may be repeated. Errors: NotFound (refer only).
    virtual async::Task<Result<void>> refer(FileReference reference) = 0;
    virtual async::Task<Result<void>> release(FileReference reference) = 0;
};

Error no_such_file();
Error file_in_use();
Error blob_gone();

}  // namespace zs::files
