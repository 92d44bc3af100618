#pragma once

#include "adapters/http/message.hpp"
#include "core/files/file_service.hpp"

#include <string>

namespace zs::http {

struct Download {
    files::FileRecord file;
    std::string disposition;  // of the Content-Disposition header
    std::string cache_control;
};

// Stored bytes as an attachment that a browser does not run: ETag, If-None-Match, Range, If-Range.
// Errors: as FileService::open.
async::Task<Result<Response>> answer_download(Request& request, files::FileService& files,
                                              Download what);

}  // namespace zs::http
