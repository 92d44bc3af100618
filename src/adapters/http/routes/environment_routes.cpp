#include "adapters/http/routes/environment_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

void EnvironmentRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();
    router.add(Method::Get, "/v1/environments", options,
               [this](Request& request) { return list(request); });
}

async::Task<Result<Response>> EnvironmentRoutes::list(Request& request) {
    auto environments = co_await environments_.list(request.principal());
    co_return answer(environments);
}

}  // namespace zs::http
