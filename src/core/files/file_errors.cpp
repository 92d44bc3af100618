#include "core/files/blob_store.hpp"
#include "core/files/file_catalog.hpp"

namespace zs::files {

Error no_such_file() {
    return not_found("there is no such file");
}

Error file_in_use() {
    return conflict("the file is in use by jobs or artifacts; delete those first", "file_in_use");
}

Error blob_gone() {
    return conflict("the stored bytes were removed meanwhile; upload again", "blob_gone");
}

Error storage_full() {
    return exhausted("there is not enough free space to store this", "storage_full");
}

Error no_such_blob() {
    return not_found("there are no such bytes");
}

}  // namespace zs::files
