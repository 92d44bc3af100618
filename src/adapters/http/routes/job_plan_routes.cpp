#include "adapters/http/routes/job_plan_routes.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/routes/job_support.hpp"

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

Response show(const Request& request, const jobs::JobTemplate& shown, unsigned status = 200) {
    const auto env = env_shown(*request.principal(), shown.created_by);
    return json_response(show_template(shown, env), status);
}

Response show(const Request& request, const jobs::ScheduleView& view, unsigned status = 200) {
    const auto env = env_shown(*request.principal(), view.schedule.created_by);
    return json_response(show_schedule(view, env), status);
}

}  // namespace

void JobPlanRoutes::register_routes(Router& router) {
    register_templates(router);
    register_schedules(router);
}

void JobPlanRoutes::register_templates(Router& router) {
    const std::string all = "/v1/job-templates";
    const std::string one = all + "/{name}";
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, all, options,
               [this](Request& request) { return list_templates(request); });
    router.add(Method::Get, one, options,
               [this](Request& request) { return find_template(request); });
    options.needs = right(Resource::Jobs, Right::Create);
    router.add(Method::Post, all, options,
               idempotency_.wrap([this](Request& request) { return create_template(request); }));
    options.needs = right(Resource::Jobs, Right::Update);
    router.add(Method::Put, one, options,
               [this](Request& request) { return replace_template(request); });
    options.needs = right(Resource::Jobs, Right::Delete);
    router.add(Method::Delete, one, options,
               [this](Request& request) { return remove_template(request); });
}

void JobPlanRoutes::register_schedules(Router& router) {
    const std::string all = "/v1/job-schedules";
    const std::string one = all + "/{id}";
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, all, options,
               [this](Request& request) { return list_schedules(request); });
    router.add(Method::Get, one, options,
               [this](Request& request) { return find_schedule(request); });
    options.needs = right(Resource::Jobs, Right::Create);
    router.add(Method::Post, all, options,
               idempotency_.wrap([this](Request& request) { return create_schedule(request); }));
    router.add(Method::Post, one + "/trigger", options,
               idempotency_.wrap([this](Request& request) { return trigger_schedule(request); }));
    options.needs = right(Resource::Jobs, Right::Update);
    router.add(Method::Put, one, options,
               [this](Request& request) { return replace_schedule(request); });
    options.needs = right(Resource::Jobs, Right::Delete);
    router.add(Method::Delete, one, options,
               [this](Request& request) { return remove_schedule(request); });
}

async::Task<Result<Response>> JobPlanRoutes::list_templates(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    const auto page = co_await templates_.list(request.principal()->tenant, std::move(*wanted));
    if (!page) co_return page.error();
    json::array items;
    for (const auto& item : page->items)
        items.push_back(show_template(item, env_shown(*request.principal(), item.created_by)));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> JobPlanRoutes::create_template(Request& request) {
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    const identity::Principal& caller = *request.principal();
    const auto made = co_await templates_.create(caller.tenant, caller.user_id, std::move(*body));
    if (!made) co_return made.error();
    co_return show(request, *made, 201);
}

async::Task<Result<Response>> JobPlanRoutes::find_template(Request& request) {
    std::string name(request.path_param("name"));
    const auto found = co_await templates_.find(request.principal()->tenant, std::move(name));
    if (!found) co_return found.error();
    co_return show(request, *found);
}

async::Task<Result<Response>> JobPlanRoutes::replace_template(Request& request) {
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    std::string name(request.path_param("name"));
    const auto changed =
        co_await templates_.replace(request.principal()->tenant, std::move(name), std::move(*body));
    if (!changed) co_return changed.error();
    co_return show(request, *changed);
}

async::Task<Result<Response>> JobPlanRoutes::remove_template(Request& request) {
    std::string name(request.path_param("name"));
    auto removed = co_await templates_.remove(request.principal()->tenant, std::move(name));
    co_return answer_empty(removed);
}

async::Task<Result<Response>> JobPlanRoutes::list_schedules(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    const auto page = co_await schedules_.list(request.principal()->tenant, std::move(*wanted));
    if (!page) co_return page.error();
    json::array items;
    for (const auto& item : page->items) {
        const auto env = env_shown(*request.principal(), item.schedule.created_by);
        items.push_back(show_schedule(item, env));
    }
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> JobPlanRoutes::create_schedule(Request& request) {
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    auto who = submitter_of(request);
    const auto made = co_await schedules_.create(std::move(who), std::move(*body));
    if (!made) co_return made.error();
    co_return show(request, *made, 201);
}

async::Task<Result<Response>> JobPlanRoutes::find_schedule(Request& request) {
    const auto id = path_id<jobs::ScheduleId>(request);
    if (!id) co_return id.error();
    const auto found = co_await schedules_.find(request.principal()->tenant, *id);
    if (!found) co_return found.error();
    co_return show(request, *found);
}

async::Task<Result<Response>> JobPlanRoutes::replace_schedule(Request& request) {
    const auto id = path_id<jobs::ScheduleId>(request);
    if (!id) co_return id.error();
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    auto who = submitter_of(request);
    const auto changed = co_await schedules_.replace(std::move(who), *id, std::move(*body));
    if (!changed) co_return changed.error();
    co_return show(request, *changed);
}

async::Task<Result<Response>> JobPlanRoutes::remove_schedule(Request& request) {
    const auto id = path_id<jobs::ScheduleId>(request);
    if (!id) co_return id.error();
    auto removed = co_await schedules_.remove(request.principal()->tenant, *id);
    co_return answer_empty(removed);
}

async::Task<Result<Response>> JobPlanRoutes::trigger_schedule(Request& request) {
    const auto id = path_id<jobs::ScheduleId>(request);
    if (!id) co_return id.error();
    auto who = submitter_of(request);
    const auto submitted = co_await schedules_.trigger(std::move(who), *id);
    if (!submitted) co_return submitted.error();
    auto response = json_response(show_submitted(*submitted), submitted->deduplicated ? 200 : 201);
    response.with("Location", "/v1/jobs/" + submitted->id.to_string());
    co_return response;
}

}  // namespace zs::http
