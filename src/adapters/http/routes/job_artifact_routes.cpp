#include "adapters/http/routes/job_artifact_routes.hpp"

#include "adapters/http/content_headers.hpp"
#include "adapters/http/routes/file_download.hpp"
#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/routes/job_support.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

// jobs:read is the route's; files:read is needed beside it.
Result<void> check_may_read_files(const Request& request) {
    if (request.principal()->rights->allows(Resource::Files, Right::Read)) return {};
    return identity::missing_right(Resource::Files, Right::Read);
}

files::FileRecord file_of(const identity::Tenant& tenant, const jobs::ArtifactRecord& record) {
    files::FileRecord file;
    file.tenant = tenant;
    file.sha256 = record.artifact.sha256;
    file.size = record.artifact.size;
    file.content_type = "application/octet-stream";
    file.created_at = record.created_at;
    return file;
}

}  // namespace

void JobArtifactRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    for (const auto& base : job_bases()) {
        router.add(Method::Get, base + "/{id}/artifacts", options,
                   [this](Request& request) { return list(request); });
        router.add(Method::Get, base + "/{id}/artifacts/{name*}", options,
                   [this](Request& request) { return download(request); });
    }
}

async::Task<Result<Response>> JobArtifactRoutes::list(Request& request) {
    const auto allowed = check_may_read_files(request);
    if (!allowed) co_return allowed.error();
    const auto id = job_of(request);
    if (!id) co_return id.error();
    const auto attempt = query_attempt(request);
    if (!attempt) co_return attempt.error();
    const auto found = co_await queue_.artifacts(request.principal()->tenant, *id, *attempt);
    if (!found) co_return found.error();
    boost::json::array items;
    for (const auto& record : *found)
        items.push_back(show_artifact(record));
    co_return json_response(std::move(items));
}

async::Task<Result<Response>> JobArtifactRoutes::download(Request& request) {
    const auto allowed = check_may_read_files(request);
    if (!allowed) co_return allowed.error();
    const auto id = job_of(request);
    if (!id) co_return id.error();
    const auto attempt = query_attempt(request);
    if (!attempt) co_return attempt.error();
    const identity::Tenant tenant = request.principal()->tenant;
    std::string name(request.path_param("name"));
    const auto record = co_await queue_.artifact(tenant, *id, name, *attempt);
    if (!record) co_return record.error();
    auto disposition = attachment_disposition(name.substr(name.rfind('/') + 1));
    if (!disposition) co_return std::move(disposition).error();
    Download what;
    what.file = file_of(tenant, *record);
    what.disposition = std::move(*disposition);
    // A retried job may make other bytes under the same name.
    what.cache_control = "private, no-cache";
    co_return co_await answer_download(request, files_, std::move(what));
}

}  // namespace zs::http
