#pragma once

#include "base/clock.hpp"
#include "core/files/digest.hpp"
#include "core/identity/principal.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace zs::files {

// Bytes in the store, whoever they belong to.
struct BlobInfo {
    Digest sha256;
    std::uint64_t size = 0;
    bool operator==(const BlobInfo&) const = default;
};

// A tenant's grant on a blob: without one the blob does not exist for that tenant.
struct FileRecord {
    identity::Tenant tenant;
    Digest sha256;
    std::uint64_t size = 0;
    std::string content_type;
    Timestamp created_at;
    bool damaged = false;  // the bytes failed a check: they are not served
    bool operator==(const FileRecord&) const = default;
};
// What the API shows.
BOOST_DESCRIBE_STRUCT(FileRecord, (), (sha256, size, content_type, created_at))

// Something that needs a file to stay: "job/<id>/input", "artifact/<id>". A file with a reference
// cannot be deleted.
struct FileReference {
    identity::Tenant tenant;
    Digest sha256;
    std::string holder;
};

}  // namespace zs::files
