#include "adapters/http/routes/file_intake.hpp"

#include "adapters/http/content_headers.hpp"
#include "adapters/http/multipart.hpp"
#include "base/encoding.hpp"
#include "core/files/content_type.hpp"

#include <charconv>

namespace zs::http {
namespace {

Result<std::optional<files::Digest>> digest_in(std::string_view header) {
    auto raw = sha256_of_content_digest(header);
    if (!raw) return std::move(raw).error();
    if (!*raw) return std::optional<files::Digest>();
    return std::optional(files::Digest::from_raw(**raw));
}

std::optional<std::uint64_t> declared_size(const Request& request) {
    const auto text = request.header("content-length");
    std::uint64_t size = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return size;
}

Result<AnnouncedFile> announced_multipart(const Request& request, std::string_view type) {
    AnnouncedFile announced;
    auto boundary = multipart_boundary(type);
    if (!boundary) return std::move(boundary).error();
    if (boundary->empty()) {
        return invalid_argument("send the file as the body, or as multipart/form-data",
                                "unsupported_media_type");
    }
    if (request.header("content-digest")) {
        return invalid_field(
            "content_digest",
            "the Content-Digest of a file in a multipart body belongs to its part");
    }
    announced.boundary = std::move(*boundary);
    return announced;
}

async::Task<Result<files::UploadFacts>> receive_multipart(Request& request, AnnouncedFile announced,
                                                          files::FileUpload& upload) {
    MultipartFile part(std::move(announced.boundary));
    while (true) {
        auto piece = co_await request.body().read();
        if (!piece) co_return std::move(piece).error();
        if (!*piece) break;
        std::string content;
        auto fed = part.feed(**piece, content);
        if (!fed) co_return std::move(fed).error();
        if (content.empty()) continue;
        auto written = co_await upload.write(std::move(content));
        if (!written) co_return std::move(written).error();
    }
    auto finished = part.finish();
    if (!finished) co_return std::move(finished).error();
    auto digest = digest_in(part.content_digest());
    if (!digest) co_return std::move(digest).error();
    files::UploadFacts facts;
    facts.content_type = part.content_type();
    facts.expected = *digest;
    co_return facts;
}

}  // namespace

Result<AnnouncedFile> announced_by(const Request& request) {
    const auto type = request.header("content-type").value_or(std::string_view());
    if (equals_ignoring_case(trim(type).substr(0, 10), "multipart/")) {
        return announced_multipart(request, type);
    }
    auto checked = files::checked_content_type(type);
    if (!checked) return std::move(checked).error();
    auto digest = digest_in(request.header("content-digest").value_or(std::string_view()));
    if (!digest) return std::move(digest).error();
    AnnouncedFile announced;
    announced.content_type = std::move(*checked);
    announced.digest = *digest;
    announced.size = declared_size(request);
    return announced;
}

async::Task<Result<files::UploadFacts>> receive_file(Request& request, AnnouncedFile announced,
                                                     files::FileUpload& upload) {
    if (!announced.boundary.empty()) {
        co_return co_await receive_multipart(request, std::move(announced), upload);
    }
    while (true) {
        auto piece = co_await request.body().read();
        if (!piece) co_return std::move(piece).error();
        if (!*piece) break;
        auto written = co_await upload.write(std::move(**piece));
        if (!written) co_return std::move(written).error();
    }
    files::UploadFacts facts;
    facts.content_type = std::move(announced.content_type);
    facts.expected = announced.digest;
    co_return facts;
}

}  // namespace zs::http
