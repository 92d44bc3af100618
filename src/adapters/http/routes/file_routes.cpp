#include "adapters/http/routes/file_routes.hpp"

#include "adapters/http/content_headers.hpp"
#include "adapters/http/routes/file_download.hpp"
#include "adapters/http/routes/file_intake.hpp"
#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using files::Digest;
using identity::Resource;
using identity::Right;

namespace {

// A multipart body may be this much larger than its file.
constexpr std::uint64_t kEnvelopeBytesMax = 64 * 1024;

struct MaintenanceRequest {
    files::UpkeepJob job = files::UpkeepJob::Verify;
};
BOOST_DESCRIBE_STRUCT(MaintenanceRequest, (), (job))

}  // namespace

void FileRoutes::register_routes(Router& router) {
    RouteOptions create;
    create.needs = right(Resource::Files, Right::Create);
    create.body_max = options_.file_bytes_max + kEnvelopeBytesMax;
    create.too_large_reason = "file_too_large";
    create.gzip_body = false;
    router.add(Method::Post, "/v1/files", create,
               [this](Request& request) { return upload(request); });
    RouteOptions read;
    read.needs = right(Resource::Files, Right::Read);
    router.add(Method::Get, "/v1/files", read, [this](Request& request) { return list(request); });
    router.add(Method::Get, "/v1/files/{sha}", read,
               [this](Request& request) { return download(request); });
    RouteOptions erase;
    erase.needs = right(Resource::Files, Right::Delete);
    router.add(Method::Delete, "/v1/files/{sha}", erase,
               [this](Request& request) { return remove(request); });
    RouteOptions operate;
    operate.needs = token();  // and an administrator, see check_operator
    router.add_plain(Method::Get, "/v1/files/maintenance", operate,
                     [this](Request& request) { return show_maintenance(request); });
    router.add(Method::Post, "/v1/files/maintenance", operate,
               [this](Request& request) { return start_maintenance(request); });
}

async::Task<Result<Response>> FileRoutes::upload(Request& request) {
    auto announced = announced_by(request);
    if (!announced) co_return std::move(announced).error();
    auto begun = co_await files_.begin(request.principal()->tenant, announced->size);
    if (!begun) co_return std::move(begun).error();
    const auto upload = std::move(*begun);
    auto facts = co_await receive_file(request, std::move(*announced), *upload);
    if (!facts) co_return std::move(facts).error();
    auto stored = co_await upload->finish(std::move(*facts));
    if (!stored) co_return std::move(stored).error();
    auto response = json_response(encode_json(stored->record), stored->created ? 201 : 200);
    response.with("Location", "/v1/files/" + stored->record.sha256.to_string());
    co_return response;
}

async::Task<Result<Response>> FileRoutes::download(Request& request) {
    const auto digest = Digest::parse(request.path_param("sha"));
    if (!digest) co_return digest.error();
    auto disposition = attachment_disposition(request.query("filename"));
    if (!disposition) co_return std::move(disposition).error();
    auto file = co_await files_.find(request.principal()->tenant, *digest);
    if (!file) co_return std::move(file).error();
    Download what;
    what.file = std::move(*file);
    what.disposition = std::move(*disposition);
    what.cache_control = "private, max-age=31536000, immutable";
    co_return co_await answer_download(request, files_, std::move(what));
}

async::Task<Result<Response>> FileRoutes::list(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto page = co_await files_.list(request.principal()->tenant, std::move(*wanted));
    co_return page_answer(request, page);
}

async::Task<Result<Response>> FileRoutes::remove(Request& request) {
    const auto digest = Digest::parse(request.path_param("sha"));
    if (!digest) co_return digest.error();
    auto removed = co_await files_.remove(request.principal(), *digest, client_of(request));
    co_return answer_empty(removed);
}

Result<void> FileRoutes::check_operator(const Request& request) const {
    const auto& caller = *request.principal();
    if (identity::is_admin(caller) && caller.tenant.org_id == options_.operating_org) return {};
    return forbidden(
        "the file store is looked after by administrators of the default organization");
}

Result<Response> FileRoutes::show_maintenance(const Request& request) const {
    auto allowed = check_operator(request);
    if (!allowed) return std::move(allowed).error();
    return json_response(encode_json(upkeep_.status()));
}

async::Task<Result<Response>> FileRoutes::start_maintenance(Request& request) {
    const auto allowed = check_operator(request);
    if (!allowed) co_return allowed.error();
    auto wanted = co_await read_body<MaintenanceRequest>(request);
    if (!wanted) co_return std::move(wanted).error();
    upkeep_.ask(wanted->job);
    co_return json_response(encode_json(upkeep_.status()), 202);
}

}  // namespace zs::http
