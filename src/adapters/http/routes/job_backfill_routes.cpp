#include "adapters/http/routes/job_backfill_routes.hpp"

#include "adapters/http/routes/job_support.hpp"

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

json::object show(const jobs::Backfill& backfill) {
    json::object out;
    out.emplace("id", encode_json(backfill.id));
    out.emplace("schedule_id", encode_json(backfill.schedule));
    out.emplace("from", encode_json(backfill.from));
    out.emplace("to", encode_json(backfill.to));
    out.emplace("parallel", backfill.parallel);
    out.emplace("state", json_text(to_text(backfill.state)));
    out.emplace("position", encode_json(backfill.position));
    out.emplace("total", backfill.total);
    out.emplace("submitted", backfill.submitted);
    out.emplace("skipped", backfill.skipped);
    out.emplace("running", backfill.open.size());
    out.emplace("created_by", encode_json(backfill.created_by));
    out.emplace("created_at", encode_json(backfill.created_at));
    out.emplace("finished_at", encode_json(backfill.finished_at));
    const bool failed = !backfill.last_error.empty();
    out.emplace("last_error", failed ? json_text(backfill.last_error) : json::value(nullptr));
    return out;
}

Result<Response> answer_shown(const Result<jobs::Backfill>& backfill, unsigned status = 200) {
    if (!backfill) return backfill.error();
    return json_response(show(*backfill), status);
}

// Which back-fill the path names.
struct Named {
    jobs::ScheduleId schedule;
    jobs::BackfillId id;
};
Result<Named> named(const Request& request) {
    const auto schedule = path_id<jobs::ScheduleId>(request);
    if (!schedule) return schedule.error();
    const auto id = path_id<jobs::BackfillId>(request, "backfill_id");
    if (!id) return id.error();
    return Named{*schedule, *id};
}

}  // namespace

void JobBackfillRoutes::register_routes(Router& router) {
    const std::string all = "/v1/job-schedules/{id}/backfills";
    const std::string one = all + "/{backfill_id}";
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, all, options, [this](Request& request) { return list(request); });
    router.add(Method::Get, one, options, [this](Request& request) { return find(request); });
    options.needs = right(Resource::Jobs, Right::Create);
    router.add(Method::Post, all, options,
               idempotency_.wrap([this](Request& request) { return create(request); }));
    options.needs = right(Resource::Jobs, Right::Update);
    router.add(Method::Patch, one, options, [this](Request& request) { return change(request); });
    options.needs = right(Resource::Jobs, Right::Delete);
    router.add(Method::Delete, one, options, [this](Request& request) { return cancel(request); });
}

async::Task<Result<Response>> JobBackfillRoutes::list(Request& request) {
    const auto schedule = path_id<jobs::ScheduleId>(request);
    if (!schedule) co_return schedule.error();
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    const auto page =
        co_await backfills_.list(request.principal()->tenant, *schedule, std::move(*wanted));
    if (!page) co_return page.error();
    json::array items;
    for (const auto& item : page->items)
        items.push_back(show(item));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> JobBackfillRoutes::create(Request& request) {
    const auto schedule = path_id<jobs::ScheduleId>(request);
    if (!schedule) co_return schedule.error();
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    auto who = submitter_of(request);
    const auto made = co_await backfills_.create(std::move(who), *schedule, std::move(*body));
    auto response = answer_shown(made, 201);
    if (made) {
        response->with("Location", "/v1/job-schedules/" + schedule->to_string() + "/backfills/"
                                       + made->id.to_string());
    }
    co_return response;
}

async::Task<Result<Response>> JobBackfillRoutes::find(Request& request) {
    const auto which = named(request);
    if (!which) co_return which.error();
    co_return answer_shown(
        co_await backfills_.find(request.principal()->tenant, which->schedule, which->id));
}

async::Task<Result<Response>> JobBackfillRoutes::change(Request& request) {
    const auto which = named(request);
    if (!which) co_return which.error();
    auto body = co_await read_object(request);
    if (!body) co_return std::move(body).error();
    co_return answer_shown(co_await backfills_.change(request.principal()->tenant, which->schedule,
                                                      which->id, std::move(*body)));
}

async::Task<Result<Response>> JobBackfillRoutes::cancel(Request& request) {
    const auto which = named(request);
    if (!which) co_return which.error();
    co_return answer_shown(
        co_await backfills_.cancel(request.principal()->tenant, which->schedule, which->id));
}

}  // namespace zs::http
