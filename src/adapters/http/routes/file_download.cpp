#include "adapters/http/routes/file_download.hpp"

#include "adapters/http/ranges.hpp"
#include "base/encoding.hpp"
#include "core/files/content_type.hpp"

namespace zs::http {

using files::BlobRange;
using files::FileRecord;

namespace {

// Checked pieces of a blob, as the body of an answer.
class FileSource final : public BodySource {
public:
    explicit FileSource(std::unique_ptr<files::BlobReader> reader) : reader_(std::move(reader)) {}
    async::Task<Result<bool>> next(std::string& piece) override { return reader_->read(piece); }

private:
    std::unique_ptr<files::BlobReader> reader_;
};

std::string etag_of(const FileRecord& file) {
    return "\"" + file.sha256.to_string() + "\"";
}

// What every answer about a file's bytes carries.
Response describe(const FileRecord& file, Download& what) {
    Response response;
    response.content_type = files::served_content_type(file.content_type);
    response.compressible = false;  // ranges count stored bytes
    response.cache_control = std::move(what.cache_control);
    response.with("ETag", etag_of(file));
    response.with("Accept-Ranges", "bytes");
    response.with("Content-Disposition", std::move(what.disposition));
    response.with("Content-Security-Policy", "sandbox");
    return response;
}

// Ranges are for GET alone, and only for the file that the client has a part of.
RangeAnswer wanted_range(const Request& request, const FileRecord& file) {
    const auto range = request.header("range");
    if (!range || request.method() != Method::Get) return {};
    const auto condition = request.header("if-range");
    if (condition && trim(*condition) != etag_of(file)) return {};
    return parse_range(*range, file.size);
}

Response unsatisfiable(const Request& request, const FileRecord& file) {
    auto response =
        error_response(invalid_argument("the file ends before this range", "range_not_satisfiable")
                           .with("size", static_cast<std::int64_t>(file.size)),
                       request.request_id());
    response.with("Content-Range", "bytes */" + std::to_string(file.size));
    return response;
}

// Sets status, length and Content-Range; answers what is to be read.
BlobRange apply_range(Response& response, const RangeAnswer& range, const FileRecord& file) {
    BlobRange part;
    part.length = file.size;
    if (range.kind == RangeAnswer::Kind::Part) {
        part.offset = range.first;
        part.length = range.last - range.first + 1;
        response.status = 206;
        response.with("Content-Range", "bytes " + std::to_string(range.first) + "-"
                                           + std::to_string(range.last) + "/"
                                           + std::to_string(file.size));
    }
    response.source_length = part.length;
    return part;
}

}  // namespace

async::Task<Result<Response>> answer_download(Request& request, files::FileService& files,
                                              Download what) {
    FileRecord file = std::move(what.file);
    auto response = describe(file, what);
    const auto known = request.header("if-none-match");
    if (known && matches_etag(*known, etag_of(file))) {
        response.status = 304;
        response.content_type.clear();
        co_return response;
    }
    const auto range = wanted_range(request, file);
    if (range.kind == RangeAnswer::Kind::Unsatisfiable) co_return unsatisfiable(request, file);
    const auto part = apply_range(response, range, file);
    if (part.length == 0 || request.method() == Method::Head) co_return response;
    auto reader = co_await files.open(std::move(file), part);
    if (!reader) co_return std::move(reader).error();
    response.source = std::make_unique<FileSource>(std::move(*reader));
    co_return response;
}

}  // namespace zs::http
