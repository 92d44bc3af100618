#include "adapters/http/routes/job_routes.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/target.hpp"
#include "async/deadline.hpp"

#include <algorithm>

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

Result<std::vector<jobs::JobState>> states_of(const std::string& list) {
    std::vector<jobs::JobState> states;
    std::string_view rest = list;
    while (!rest.empty()) {
        const auto end = rest.find(',');
        const auto text = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        const auto state = jobs::job_state(text);
        if (!state) {
            return invalid_field("state",
                                 "'state' lists pending, running, succeeded, failed, retrying and "
                                 "canceled; got '"
                                     + std::string(text) + "'",
                                 "invalid_state");
        }
        states.push_back(*state);
    }
    return states;
}

// "metadata.KEY=VALUE", as often as there are keys.
Result<void> read_metadata(std::string_view query, jobs::JobFilter& filter) {
    constexpr std::string_view kPrefix = "metadata.";
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(pair.substr(0, equals), Plus::IsBlank);
        if (!name || !name->starts_with(kPrefix)) continue;
        const auto text = equals == pair.size() ? std::string_view() : pair.substr(equals + 1);
        auto value = percent_decode(text, Plus::IsBlank);
        if (!value || name->size() == kPrefix.size())
            return invalid_field(*name, "'metadata.KEY=VALUE' names a key and a value");
        filter.metadata.emplace_back(name->substr(kPrefix.size()), std::move(*value));
    }
    return {};
}

Result<void> read_times(const Request& request, jobs::JobFilter& filter) {
    const auto after = query_filter<Timestamp>(request, "created_after");
    if (!after) return after.error();
    const auto before = query_filter<Timestamp>(request, "created_before");
    if (!before) return before.error();
    filter.created_after = *after;
    filter.created_before = *before;
    const auto order = request.query("order").value_or("desc");
    if (order != "asc" && order != "desc")
        return invalid_field("order", "'order' must be asc or desc");
    filter.ascending = order == "asc";
    return {};
}

Result<jobs::JobFilter> filter_of(const Request& request) {
    jobs::JobFilter filter;
    auto states = states_of(request.query("state").value_or(""));
    if (!states) return std::move(states).error();
    filter.states = std::move(*states);
    filter.name = request.query("name").value_or("");
    filter.tag = request.query("tag").value_or("");
    const auto by = query_filter<identity::UserId>(request, "submitted_by");
    if (!by) return by.error();
    const auto schedule = query_filter<jobs::ScheduleId>(request, "schedule_id");
    if (!schedule) return schedule.error();
    filter.submitted_by = *by;
    filter.schedule_id = *schedule;
    auto metadata = read_metadata(request.raw_query(), filter);
    if (!metadata) return std::move(metadata).error();
    auto times = read_times(request, filter);
    if (!times) return std::move(times).error();
    return filter;
}

json::object shown_to(const Request& request, const jobs::JobQueue& queue, const jobs::Job& job) {
    return show_job(job, queue.waiting(job), env_shown(*request.principal(), job.submitted_by));
}

// What GET with wait_ms waits for a change of.
auto mark_of(const jobs::Job& job) {
    return std::tuple(job.state, job.counters, job.cancel_requested_at.has_value());
}

// Either right is enough to cancel; only the second to purge.
Result<void> check_may_cancel(const Request& request, bool purges) {
    const auto& rights = *request.principal()->rights;
    if (rights.allows(Resource::Jobs, Right::Delete)) return {};
    if (purges) return identity::missing_right(Resource::Jobs, Right::Delete);
    if (rights.allows(Resource::Jobs, Right::Update)) return {};
    return identity::missing_right(Resource::Jobs, Right::Update);
}

}  // namespace

void JobRoutes::register_routes(Router& router) {
    for (const auto& base : job_bases())
        register_under(router, base);
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, "/api/v1/queue/stats", options,
               [this](Request& request) { return queue_stats(request); });
}

void JobRoutes::register_under(Router& router, const std::string& base) {
    const std::string one = base + "/{id}";
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, base, options, [this](Request& request) { return list(request); });
    router.add(Method::Get, base + "/stats", options,
               [this](Request& request) { return stats(request); });
    router.add(Method::Get, one, options, [this](Request& request) { return find(request); });
    router.add(Method::Get, one + "/why", options,
               [this](Request& request) { return why(request); });
    options.needs = token();
    router.add(Method::Delete, one, options, [this](Request& request) { return cancel(request); });
    router.add(Method::Post, one + "/cancel", options,
               idempotency_.wrap([this](Request& request) { return cancel(request); }));
    options.needs = right(Resource::Jobs, Right::Update);
    router.add(Method::Post, one + "/retry", options,
               idempotency_.wrap([this](Request& request) { return retry(request); }));
    router.add(Method::Post, base + "/pause", options,
               idempotency_.wrap([this](Request& request) { return set_paused(request, true); }));
    router.add(Method::Post, base + "/resume", options,
               idempotency_.wrap([this](Request& request) { return set_paused(request, false); }));
}

async::Task<> JobRoutes::note(Request& request, std::string action, std::string object) {
    auto entry =
        identity::audit_by(*request.principal(), client_of(request), action, std::move(object));
    co_await audit_.append(std::move(entry));
}

async::Task<Result<Response>> JobRoutes::list(Request& request) {
    auto filter = filter_of(request);
    if (!filter) co_return std::move(filter).error();
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto page =
        co_await queue_.list(request.principal()->tenant, std::move(*filter), std::move(*wanted));
    if (!page) co_return std::move(page).error();
    json::array items;
    for (const auto& job : page->items)
        items.push_back(shown_to(request, queue_, job));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<jobs::Job>> JobRoutes::find_changed(identity::Tenant tenant, jobs::JobId id,
                                                       Millis wait) {
    auto found = co_await queue_.find(tenant, id);
    if (!found || wait.count() == 0) co_return found;
    const auto before = mark_of(*found);
    const auto end = async::Deadline::after(wait);
    while (!end.expired() && !waits_end_) {
        if (mark_of(*found) != before || jobs::is_final(found->state)) break;
        const auto left = std::chrono::ceil<Millis>(end.remaining());
        found = co_await queue_.find(tenant, id, std::min(left, kWaitSlice));
        if (!found) break;
    }
    co_return found;
}

async::Task<Result<Response>> JobRoutes::find(Request& request) {
    const auto id = job_of(request);
    if (!id) co_return id.error();
    const auto wait = query_wait(request);
    if (!wait) co_return wait.error();
    auto job = co_await find_changed(request.principal()->tenant, *id, *wait);
    if (!job) co_return std::move(job).error();
    co_return json_response(shown_to(request, queue_, *job));
}

async::Task<Result<Response>> JobRoutes::cancel(Request& request) {
    const auto purges = query_yes(request, "purge");
    if (!purges) co_return purges.error();
    const auto allowed = check_may_cancel(request, *purges);
    if (!allowed) co_return allowed.error();
    const auto id = job_of(request);
    if (!id) co_return id.error();
    if (*purges) co_return co_await purge(request, *id);
    auto state = co_await queue_.cancel(request.principal()->tenant, *id);
    if (!state) co_return std::move(state).error();
    co_await note(request, "job.cancel", "job/" + id->to_string());
    json::object body;
    body.emplace("status", *state == jobs::JobState::Canceled ? "canceled" : "canceling");
    co_return json_response(body);
}

async::Task<Result<Response>> JobRoutes::purge(Request& request, jobs::JobId id) {
    auto purged = co_await queue_.purge(request.principal()->tenant, id);
    if (!purged) co_return std::move(purged).error();
    co_await note(request, "job.purge", "job/" + id.to_string());
    co_return no_content();
}

async::Task<Result<Response>> JobRoutes::retry(Request& request) {
    const auto id = job_of(request);
    if (!id) co_return id.error();
    auto job = co_await queue_.retry(request.principal()->tenant, *id);
    if (!job) co_return std::move(job).error();
    co_await note(request, "job.retry", "job/" + id->to_string());
    co_return json_response(shown_to(request, queue_, *job));
}

async::Task<Result<Response>> JobRoutes::why(Request& request) {
    const auto id = job_of(request);
    if (!id) co_return id.error();
    const auto why = co_await queue_.why(request.principal()->tenant, *id);
    if (!why) co_return why.error();
    co_return json_response(show_why(*why));
}

async::Task<Result<Response>> JobRoutes::stats(Request& request) {
    const auto stats = co_await queue_.stats(request.principal()->tenant);
    if (!stats) co_return stats.error();
    json::object body;
    body.emplace("pending", stats->counts.pending);
    body.emplace("running", stats->counts.running);
    body.emplace("retrying", stats->counts.retrying);
    body.emplace("succeeded", stats->counts.succeeded);
    body.emplace("failed", stats->counts.failed);
    body.emplace("canceled", stats->counts.canceled);
    body.emplace("scheduled", stats->counts.scheduled);
    body.emplace("oldest_pending_secs", stats->oldest_pending_secs);
    body.emplace("paused", stats->paused);
    co_return json_response(body);
}

async::Task<Result<Response>> JobRoutes::queue_stats(Request& request) {
    const auto stats = co_await queue_.stats(request.principal()->tenant);
    if (!stats) co_return stats.error();
    json::object body;
    body.emplace("pending", stats->counts.pending + stats->counts.retrying);
    body.emplace("processing", stats->counts.running);
    body.emplace("completed", stats->counts.succeeded);
    body.emplace("failed", stats->counts.failed);
    body.emplace("scheduled", stats->counts.scheduled);
    body.emplace("oldest_pending_secs", stats->oldest_pending_secs);
    body.emplace("workers", stats->workers);
    body.emplace("paused", stats->paused);
    co_return json_response(body);
}

async::Task<Result<Response>> JobRoutes::set_paused(Request& request, bool paused) {
    const identity::Tenant tenant = request.principal()->tenant;
    auto changed = co_await queue_.set_paused(tenant, paused);
    if (!changed) co_return std::move(changed).error();
    co_await note(request, paused ? "queue.pause" : "queue.resume", "queue/" + tenant.env_slug);
    json::object body;
    body.emplace("paused", paused);
    co_return json_response(body);
}

}  // namespace zs::http
