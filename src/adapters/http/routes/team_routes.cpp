#include "adapters/http/routes/team_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using identity::TeamId;
using identity::UserId;

void TeamRoutes::register_routes(Router& router) {
    const std::string base = "/api/v1/teams";
    RouteOptions options;
    options.needs = token();  // what a caller may do depends on the team
    router.add(Method::Get, base, options, [this](Request& request) { return list(request); });
    router.add(Method::Post, base, options,
               idempotency_.wrap([this](Request& request) { return create(request); }));
    router.add(Method::Get, base + "/{id}", options,
               [this](Request& request) { return find(request); });
    router.add(Method::Put, base + "/{id}", options,
               [this](Request& request) { return update(request); });
    router.add(Method::Delete, base + "/{id}", options,
               [this](Request& request) { return remove(request); });
    router.add(Method::Get, base + "/{id}/members", options,
               [this](Request& request) { return members(request); });
    router.add(Method::Post, base + "/{id}/members", options,
               idempotency_.wrap([this](Request& request) { return put_member(request); }));
    router.add(Method::Delete, base + "/{id}/members/{user_id}", options,
               [this](Request& request) { return remove_member(request); });
}

async::Task<Result<Response>> TeamRoutes::list(Request& request) {
    const auto window = window_of(request);
    if (!window) co_return window.error();
    auto found = co_await teams_.list(request.principal(), request.query("organization_id"),
                                      window->limit, window->offset);
    if (!found) co_return std::move(found).error();
    co_return window_response("teams", encode_list(found->items), found->total, *window);
}

async::Task<Result<Response>> TeamRoutes::create(Request& request) {
    auto body = co_await read_body<identity::TeamRequest>(request);
    if (!body) co_return std::move(body).error();
    auto made = co_await teams_.create(request.principal(), std::move(*body), client_of(request));
    co_return answer(made, 201);
}

async::Task<Result<Response>> TeamRoutes::find(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    auto found = co_await teams_.find(request.principal(), *id);
    co_return answer(found);
}

async::Task<Result<Response>> TeamRoutes::update(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    auto patch = co_await read_body<identity::TeamPatch>(request);
    if (!patch) co_return std::move(patch).error();
    auto changed =
        co_await teams_.update(request.principal(), *id, std::move(*patch), client_of(request));
    co_return answer(changed);
}

async::Task<Result<Response>> TeamRoutes::remove(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    auto done = co_await teams_.remove(request.principal(), *id, client_of(request));
    co_return answer_empty(done);
}

async::Task<Result<Response>> TeamRoutes::members(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    const auto window = window_of(request);
    if (!window) co_return window.error();
    auto all = co_await teams_.members(request.principal(), *id);
    if (!all) co_return std::move(all).error();
    boost::json::array shown;
    const auto count = static_cast<std::int64_t>(all->size());
    const auto end = std::min(count, window->offset + window->limit);
    for (std::int64_t i = window->offset; i < end; ++i) {
        shown.push_back(encode_json((*all)[static_cast<std::size_t>(i)]));
    }
    co_return window_response("members", std::move(shown), count, *window);
}

async::Task<Result<Response>> TeamRoutes::put_member(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    auto body = co_await read_body<identity::TeamMemberRequest>(request);
    if (!body) co_return std::move(body).error();
    auto member = co_await teams_.put_member(request.principal(), *id, *body, client_of(request));
    co_return answer(member, 201);
}

async::Task<Result<Response>> TeamRoutes::remove_member(Request& request) {
    const auto id = path_id<TeamId>(request);
    if (!id) co_return id.error();
    const auto user_id = path_id<UserId>(request, "user_id");
    if (!user_id) co_return user_id.error();
    auto done =
        co_await teams_.remove_member(request.principal(), *id, *user_id, client_of(request));
    co_return answer_empty(done);
}

}  // namespace zs::http
