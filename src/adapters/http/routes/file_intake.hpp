#pragma once

#include "adapters/http/message.hpp"
#include "core/files/file_upload.hpp"

#include <optional>
#include <string>

namespace zs::http {

// What the header of an upload says about its file.
struct AnnouncedFile {
    std::string boundary;  // of a multipart body; empty: the body is the file
    std::string content_type;
    std::optional<files::Digest> digest;
    std::optional<std::uint64_t> size;
};

// Errors: InvalidArgument for a malformed type, digest or boundary; "unsupported_media_type" for
// other multipart types.
Result<AnnouncedFile> announced_by(const Request& request);

// Reads the body into `upload`, piece by piece; answers what it said of its file.
// Lifetime: both references outlive the call. Errors: as BodyReader, FileUpload and MultipartFile.
async::Task<Result<files::UploadFacts>> receive_file(Request& request, AnnouncedFile announced,
                                                     files::FileUpload& upload);

}  // namespace zs::http
