#include "adapters/http/routes/organization_routes.hpp"

#include "adapters/http/routes/route_support.hpp"
#include "core/identity/audit_log.hpp"

namespace zs::http {
namespace {

async::Task<Result<Response>> refuse(Error error) {
    co_return error;
}

// workflows.md 5.1: organizations are the business of role admin, before a body is looked at.
template <class Answer>
Handler for_admins(Answer handler) {
    return [handler](Request& request) {
        const auto admin = identity::require_admin(*request.principal());
        return admin ? handler(request) : refuse(admin.error());
    };
}

}  // namespace

void OrganizationRoutes::register_routes(Router& router) {
    const std::string base = "/api/v1/organizations";
    RouteOptions options;
    options.needs = token();
    router.add(Method::Get, base, options,
               for_admins([this](Request& request) { return list(request); }));
    router.add(Method::Post, base, options,
               idempotency_.wrap(for_admins([this](Request& request) { return create(request); })));
    router.add(Method::Get, base + "/{id}", options,
               for_admins([this](Request& request) { return find(request); }));
    router.add(Method::Put, base + "/{id}", options,
               for_admins([this](Request& request) { return update(request); }));
    router.add(Method::Delete, base + "/{id}", options,
               for_admins([this](Request& request) { return remove(request); }));
}

async::Task<Result<Response>> OrganizationRoutes::list(Request& request) {
    const auto window = window_of(request);
    if (!window) co_return window.error();
    auto found = co_await organizations_.list(request.principal(), window->limit, window->offset);
    if (!found) co_return std::move(found).error();
    co_return window_response("organizations", encode_list(found->items), found->total, *window);
}

async::Task<Result<Response>> OrganizationRoutes::create(Request& request) {
    auto body = co_await read_body<identity::OrganizationRequest>(request);
    if (!body) co_return std::move(body).error();
    auto made =
        co_await organizations_.create(request.principal(), std::move(*body), client_of(request));
    co_return answer(made, 201);
}

async::Task<Result<Response>> OrganizationRoutes::find(Request& request) {
    std::string id(request.path_param("id"));
    auto found = co_await organizations_.find(request.principal(), std::move(id));
    co_return answer(found);
}

async::Task<Result<Response>> OrganizationRoutes::update(Request& request) {
    auto patch = co_await read_body<identity::OrganizationPatch>(request);
    if (!patch) co_return std::move(patch).error();
    std::string id(request.path_param("id"));
    auto changed = co_await organizations_.update(request.principal(), std::move(id),
                                                  std::move(*patch), client_of(request));
    co_return answer(changed);
}

async::Task<Result<Response>> OrganizationRoutes::remove(Request& request) {
    std::string id(request.path_param("id"));
    auto done =
        co_await organizations_.remove(request.principal(), std::move(id), client_of(request));
    co_return answer_empty(done);
}

}  // namespace zs::http
