#include "adapters/http/routes/permission_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

RouteOptions needs(Right needed) {
    RouteOptions options;
    options.needs = right(Resource::Permissions, needed);
    return options;
}

Result<identity::PermissionFilter> filter_of(const Request& request) {
    identity::PermissionFilter filter;
    auto kind = query_filter<identity::PrincipalKind>(request, "kind");
    if (!kind) return std::move(kind).error();
    auto resource = query_filter<identity::ResourceRef>(request, "resource");
    if (!resource) return std::move(resource).error();
    filter.kind = *kind;
    filter.resource = std::move(*resource);
    filter.principal_id = request.query("principal_id");
    return filter;
}

}  // namespace

void PermissionRoutes::register_routes(Router& router) {
    const std::string base = "/v1/permissions";
    router.add(Method::Get, base, needs(Right::Read),
               [this](Request& request) { return list(request); });
    router.add(Method::Post, base, needs(Right::Create),
               idempotency_.wrap([this](Request& request) { return create(request); }));
    router.add(Method::Put, base, needs(Right::Update),
               [this](Request& request) { return upsert(request); });
    RouteOptions any;
    any.needs = token();
    router.add_plain(
        Method::Get, base + "/effective", any, [this](Request& request) -> Result<Response> {
            return json_response(encode_json(permissions_.effective(*request.principal())));
        });
    router.add(Method::Get, base + "/{id}", needs(Right::Read),
               [this](Request& request) { return find(request); });
    router.add(Method::Put, base + "/{id}", needs(Right::Update),
               [this](Request& request) { return update(request); });
    router.add(Method::Delete, base + "/{id}", needs(Right::Delete),
               [this](Request& request) { return remove(request); });
}

async::Task<Result<Response>> PermissionRoutes::list(Request& request) {
    auto filter = filter_of(request);
    if (!filter) co_return std::move(filter).error();
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto page =
        co_await permissions_.list(request.principal(), std::move(*filter), std::move(*wanted));
    co_return page_answer(request, page);
}

async::Task<Result<Response>> PermissionRoutes::create(Request& request) {
    auto body = co_await read_body<identity::PermissionRequest>(request);
    if (!body) co_return std::move(body).error();
    auto record =
        co_await permissions_.create(request.principal(), std::move(*body), client_of(request));
    co_return answer(record, 201);
}

async::Task<Result<Response>> PermissionRoutes::upsert(Request& request) {
    auto body = co_await read_body<identity::PermissionRequest>(request);
    if (!body) co_return std::move(body).error();
    auto record =
        co_await permissions_.upsert(request.principal(), std::move(*body), client_of(request));
    if (!record) co_return std::move(record).error();
    boost::json::object reply;
    reply.emplace("ok", true);
    const auto encoded = encode_json(*record);
    for (const auto& [key, value] : encoded.get_object())
        reply.emplace(key, value);
    co_return json_response(reply);
}

async::Task<Result<Response>> PermissionRoutes::find(Request& request) {
    const auto id = path_id<identity::PermissionId>(request);
    if (!id) co_return id.error();
    auto record = co_await permissions_.find(request.principal(), *id);
    co_return answer(record);
}

async::Task<Result<Response>> PermissionRoutes::update(Request& request) {
    const auto id = path_id<identity::PermissionId>(request);
    if (!id) co_return id.error();
    auto patch = co_await read_body<identity::PermissionPatch>(request);
    if (!patch) co_return std::move(patch).error();
    auto record = co_await permissions_.update(request.principal(), *id, std::move(*patch),
                                               client_of(request));
    co_return answer(record);
}

async::Task<Result<Response>> PermissionRoutes::remove(Request& request) {
    const auto id = path_id<identity::PermissionId>(request);
    if (!id) co_return id.error();
    auto done = co_await permissions_.remove(request.principal(), *id, client_of(request));
    co_return answer_empty(done);
}

}  // namespace zs::http
