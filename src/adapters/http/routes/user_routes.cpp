#include "adapters/http/routes/user_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

void UserRoutes::register_routes(Router& router) {
    RouteOptions read;
    read.needs = right(Resource::Permissions, Right::Read);
    RouteOptions change;
    change.needs = right(Resource::Permissions, Right::Update);
    router.add(Method::Get, "/v1/users", read, [this](Request& request) { return list(request); });
    router.add(Method::Get, "/v1/users/{id}", read,
               [this](Request& request) { return find(request); });
    router.add(Method::Put, "/v1/users/{id}", change,
               [this](Request& request) { return update(request); });
}

async::Task<Result<Response>> UserRoutes::list(Request& request) {
    identity::UserFilter filter;
    filter.email = request.query("email");
    auto status = query_filter<identity::UserStatus>(request, "status");
    if (!status) co_return std::move(status).error();
    filter.status = *status;
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto page = co_await users_.list(request.principal(), std::move(filter), std::move(*wanted));
    co_return page_answer(request, page);
}

async::Task<Result<Response>> UserRoutes::find(Request& request) {
    const auto id = path_id<identity::UserId>(request);
    if (!id) co_return id.error();
    auto user = co_await users_.find(request.principal(), *id);
    co_return answer(user);
}

async::Task<Result<Response>> UserRoutes::update(Request& request) {
    const auto id = path_id<identity::UserId>(request);
    if (!id) co_return id.error();
    auto patch = co_await read_body<identity::UserPatch>(request);
    if (!patch) co_return std::move(patch).error();
    auto user =
        co_await users_.update(request.principal(), *id, std::move(*patch), client_of(request));
    co_return answer(user);
}

}  // namespace zs::http
