#include "adapters/http/routes/audit_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {
namespace {

Result<identity::AuditFilter> filter_of(const Request& request) {
    identity::AuditFilter filter;
    filter.action = request.query("action");
    filter.actor_id = request.query("actor_id");
    filter.object = request.query("object");
    filter.result = request.query("result");
    auto since = query_filter<Timestamp>(request, "since");
    if (!since) return std::move(since).error();
    auto until = query_filter<Timestamp>(request, "until");
    if (!until) return std::move(until).error();
    filter.since = *since;
    filter.until = *until;
    return filter;
}

}  // namespace

void AuditRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();
    router.add(Method::Get, "/v1/audit", options,
               [this](Request& request) { return list(request); });
}

async::Task<Result<Response>> AuditRoutes::list(Request& request) {
    auto filter = filter_of(request);
    if (!filter) co_return std::move(filter).error();
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto page = co_await audit_.list(request.principal(), std::move(*filter), std::move(*wanted));
    co_return page_answer(request, page);
}

}  // namespace zs::http
