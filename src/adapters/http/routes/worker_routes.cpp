#include "adapters/http/routes/worker_routes.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "async/deadline.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "core/files/blob_claim.hpp"
#include "core/jobs/artifact_name.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <cstring>

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

// Names of workers elsewhere are their tenant's own: two tenants may use the same.
jobs::WorkerId full_id(const identity::Tenant& tenant, const std::string& worker) {
    return worker + "@" + tenant.org_id + "." + tenant.env_slug;
}

jobs::WorkerInfo info_of(const identity::Tenant& tenant, const LeaseRequest& wanted) {
    jobs::WorkerInfo info;
    info.id = full_id(tenant, wanted.worker_id);
    info.mode = "http";
    info.labels = wanted.labels;
    info.kinds = wanted.kinds;
    info.sandbox = wanted.sandbox;
    info.slots = std::max(wanted.slots, wanted.max);
    info.draining = wanted.draining;
    info.tenant = tenant;
    return info;
}

Result<jobs::LeaseRef> lease_of(const Request& request, const json::value& body) {
    const auto id = job_of(request);
    if (!id) return id.error();
    const auto token = token_of(body);
    if (!token) return token.error();
    return jobs::LeaseRef{*id, *token};
}

}  // namespace

void WorkerRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.counted = false;  // counted here, per worker
    options.needs = right(Resource::Jobs, Right::Read);
    router.add(Method::Get, "/v1/workers", options,
               [this](Request& request) { return list(request); });
    options.needs = right(Resource::Jobs, Right::Update);
    router.add(Method::Post, "/v1/workers/lease", options,
               [this](Request& request) { return lease(request); });
    router.add(Method::Post, "/v1/workers/heartbeat", options,
               [this](Request& request) { return heartbeat(request); });
    const std::string one = "/v1/workers/jobs/{id}";
    router.add(Method::Post, one + "/finish", options,
               [this](Request& request) { return finish(request); });
    router.add(Method::Post, one + "/release", options,
               [this](Request& request) { return release(request); });
    options.body_max = 128ULL << 20;  // a thousand lines of 64 KiB
    router.add(Method::Post, one + "/logs", options,
               [this](Request& request) { return append_log(request); });
    options.body_max = options_.artifact_bytes_max;
    options.too_large_reason = "artifact_limit";
    options.gzip_body = false;
    router.add(Method::Put, one + "/artifacts/{name*}", options,
               [this](Request& request) { return put_artifact(request); });
}

Result<void> WorkerRoutes::count(const identity::Tenant& tenant, std::string_view whom) {
    if (options_.calls_per_minute == 0) return {};
    const auto digest = sha256(tenant.org_id + "\n" + tenant.env_slug + "\n" + std::string(whom));
    RateKey key;
    key.kind = RateKey::Kind::Principal;
    std::memcpy(&key.high, digest.data(), sizeof key.high);
    std::memcpy(&key.low, digest.data() + sizeof key.high, sizeof key.low);
    const auto answer =
        limiter_.count(key, options_.calls_per_minute, std::chrono::steady_clock::now());
    if (answer.allowed) return {};
    return exhausted(
               "a worker may ask " + std::to_string(options_.calls_per_minute) + " times a minute",
               "rate_limited")
        .with("retry_after_secs", static_cast<std::int64_t>(answer.retry_secs));
}

async::Task<Result<Response>> WorkerRoutes::list(Request& request) {
    const identity::Tenant tenant = request.principal()->tenant;
    json::array items;
    for (auto& worker : queue_.list_workers(tenant)) {
        if (worker.tenant) worker.id = worker.id.substr(0, worker.id.find('@'));
        items.push_back(show_worker(worker));
    }
    co_return json_response(std::move(items));
}

json::object WorkerRoutes::show_leased(const jobs::LeasedJob& leased) const {
    const auto& config = queue_.config();
    const Millis longest = leased.job.spec.timeout + config.kill_grace + jobs::limits::kLeaseMargin;
    json::object out;
    out.emplace("job", show_job(leased.job, std::nullopt, EnvShown::Clear));
    out.emplace("attempt", leased.job.counters.attempt);
    out.emplace("token", std::to_string(static_cast<std::uint64_t>(leased.job.token)));
    out.emplace("lease_ms", std::min(config.lease, longest).count());
    return out;
}

async::Task<Result<std::vector<jobs::LeasedJob>>> WorkerRoutes::wait_for_jobs(Request& request,
                                                                              LeaseRequest wanted) {
    jobs::ClaimQuery query;
    query.tenant = request.principal()->tenant;
    query.worker = full_id(*query.tenant, wanted.worker_id);
    query.labels = wanted.labels;
    query.kinds = wanted.kinds;
    query.sandbox = wanted.sandbox;
    query.count = wanted.max;
    const auto end = async::Deadline::after(wanted.wait);
    const auto client_left = request.stop_token();
    while (true) {
        const auto left = std::chrono::ceil<Millis>(end.remaining());
        auto leased = co_await queue_.next(query, std::min(left, kWaitSlice));
        if (!leased || !leased->empty()) co_return leased;
        if (end.expired() || waits_end_ || client_left.stop_requested()) co_return leased;
        queue_.workers().seen(query.worker);
    }
}

async::Task<Result<Response>> WorkerRoutes::lease(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto wanted = parse_lease_request(*body);
    if (!wanted) co_return std::move(wanted).error();
    const identity::Tenant tenant = request.principal()->tenant;
    const auto counted = count(tenant, wanted->worker_id);
    if (!counted) co_return counted.error();
    queue_.workers().seen(info_of(tenant, *wanted));
    auto leased = co_await wait_for_jobs(request, std::move(*wanted));
    if (!leased) co_return std::move(leased).error();
    if (request.stop_token().stop_requested()) {
        // Nobody is there to run them.
        for (const auto& job : *leased) {
            jobs::Outcome released;
            released.kind = jobs::Outcome::Kind::Released;
            co_await queue_.finish(job.lease(), std::move(released));
        }
        leased->clear();
    }
    json::array items;
    for (const auto& job : *leased)
        items.push_back(show_leased(job));
    json::object out;
    out.emplace("jobs", std::move(items));
    co_return json_response(out);
}

// A worker that started again has lost what it does not name: nobody need wait for those leases.
async::Task<> WorkerRoutes::give_up_others(jobs::WorkerId worker,
                                           std::vector<jobs::LeaseRef> kept) {
    // Whichever server granted them.
    const auto recalled = co_await queue_.recall(worker);
    if (!recalled) co_return;
    for (const auto& lease : queue_.leases_of(worker)) {
        const auto is_same = [&](const auto& one) { return one.token == lease.token; };
        if (std::ranges::any_of(kept, is_same)) continue;
        jobs::Outcome lost;
        lost.kind = jobs::Outcome::Kind::Lost;
        const auto ended = co_await queue_.finish(lease, std::move(lost));
        if (!ended) log::warn("a dead attempt stays until its lease ends");
    }
}

async::Task<Result<Response>> WorkerRoutes::heartbeat(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto beat = parse_heartbeat(*body);
    if (!beat) co_return std::move(beat).error();
    const identity::Tenant tenant = request.principal()->tenant;
    const auto counted = count(tenant, beat->worker_id);
    if (!counted) co_return counted.error();
    const auto worker = full_id(tenant, beat->worker_id);
    queue_.workers().seen(worker);
    if (beat->draining) queue_.workers().set_draining(worker);
    std::vector<jobs::LeaseRef> own;
    for (auto& one : beat->leases) {
        // Errors are those of a lost lease, and of a store that is away: then this call fails, too.
        co_await queue_.attach(tenant, one.lease);
        const auto owner = queue_.tenant_of(one.lease);
        if (!owner || *owner != tenant) continue;
        own.push_back(one.lease);
        if (one.progress) co_await queue_.report(one.lease, std::move(*one.progress));
    }
    if (beat->all) co_await give_up_others(worker, own);
    const auto answers = co_await queue_.heartbeat(worker, std::move(own));
    if (!answers) co_return answers.error();
    json::array items;
    for (const auto& one : beat->leases) {
        const auto found =
            std::ranges::find_if(*answers, [&](const auto& a) { return a.job == one.lease.job; });
        const bool kept = found != answers->end() && found->kept;
        json::object shown;
        shown.emplace("job_id", json_text(one.lease.job.to_string()));
        shown.emplace("ok", kept);
        shown.emplace("cancel", kept && found->cancel);
        shown.emplace("lease_ms", kept ? found->lease.count() : 0);
        items.push_back(std::move(shown));
    }
    json::object out;
    out.emplace("leases", std::move(items));
    co_return json_response(out);
}

// Errors: NotFound for another tenant's job; Conflict "lease_lost".
async::Task<Result<void>> WorkerRoutes::check_lease(identity::Tenant tenant, jobs::LeaseRef lease) {
    co_await queue_.attach(tenant, lease);
    const auto owner = queue_.tenant_of(lease);
    if (owner && *owner == tenant) co_return Result<void>();
    const auto job = co_await queue_.find(tenant, lease.job);
    if (!job) co_return job.error();
    co_return jobs::lease_lost();
}

async::Task<Result<Response>> WorkerRoutes::append_log(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    const auto lease = lease_of(request, *body);
    if (!lease) co_return lease.error();
    auto lines = parse_log_lines(*body, clock_.now());
    if (!lines) co_return std::move(lines).error();
    const identity::Tenant tenant = request.principal()->tenant;
    const auto counted = count(tenant, lease->job.to_string());
    if (!counted) co_return counted.error();
    const auto good = co_await check_lease(tenant, *lease);
    if (!good) co_return good.error();
    json::object out;
    out.emplace("last_seq", 0);
    if (lines->empty()) co_return json_response(out);
    const auto appended = co_await queue_.append_log(*lease, std::move(*lines));
    if (!appended) co_return appended.error();
    out["last_seq"] = appended->last_seq;
    co_return json_response(out);
}

async::Task<Result<jobs::Artifact>> WorkerRoutes::store_body(Request& request) {
    auto begun = co_await blobs_.create(std::nullopt);
    if (!begun) co_return std::move(begun).error();
    const auto writer = std::move(*begun);
    while (true) {
        auto piece = co_await request.body().read();
        if (!piece) co_return std::move(piece).error();
        if (!*piece) break;
        auto written = co_await writer->write(std::move(**piece));
        if (!written) co_return std::move(written).error();
    }
    const auto blob = co_await files::keep_blob(*writer, ledger_, clock_);
    if (!blob) co_return blob.error();
    jobs::Artifact artifact;
    artifact.name = request.path_param("name");
    artifact.sha256 = blob->sha256;
    artifact.size = blob->size;
    co_return artifact;
}

async::Task<Result<Response>> WorkerRoutes::put_artifact(Request& request) {
    const auto id = job_of(request);
    if (!id) co_return id.error();
    const auto token = parse_token(request.query("token").value_or(""));
    if (!token) co_return token.error();
    const auto named = jobs::check_artifact_name(request.path_param("name"));
    if (!named) co_return named.error();
    const identity::Tenant tenant = request.principal()->tenant;
    const auto counted = count(tenant, id->to_string());
    if (!counted) co_return counted.error();
    const jobs::LeaseRef lease{*id, *token};
    const auto good = co_await check_lease(tenant, lease);
    if (!good) co_return good.error();
    auto artifact = co_await store_body(request);
    if (!artifact) co_return std::move(artifact).error();
    std::vector<jobs::Artifact> all;
    all.push_back(*artifact);
    const auto recorded = co_await queue_.record(lease, std::move(all));
    if (!recorded) co_return recorded.error();
    json::object out;
    out.emplace("name", json_text(artifact->name));
    out.emplace("sha256", json_text(artifact->sha256.to_string()));
    out.emplace("size", artifact->size);
    co_return json_response(out, 201);
}

async::Task<Result<Response>> WorkerRoutes::end_attempt(Request& request, jobs::LeaseRef lease,
                                                        jobs::Outcome outcome) {
    const identity::Tenant tenant = request.principal()->tenant;
    const auto counted = count(tenant, lease.job.to_string());
    if (!counted) co_return counted.error();
    // A repeated call finds no live lease; the queue knows whether it says the same again.
    const auto known = co_await queue_.find(tenant, lease.job);
    if (!known) co_return known.error();
    // Its retry rules and the count of its failures.
    co_await queue_.attach(tenant, lease);
    const auto ended = co_await queue_.finish(lease, std::move(outcome));
    if (!ended) co_return ended.error();
    const auto job = co_await queue_.find(tenant, lease.job);
    if (!job) co_return job.error();
    co_return json_response(show_job(*job, queue_.waiting(*job), EnvShown::Clear));
}

async::Task<Result<Response>> WorkerRoutes::finish(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    const auto lease = lease_of(request, *body);
    if (!lease) co_return lease.error();
    auto outcome = parse_outcome(*body);
    if (!outcome) co_return std::move(outcome).error();
    co_return co_await end_attempt(request, *lease, std::move(*outcome));
}

async::Task<Result<Response>> WorkerRoutes::release(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    const auto lease = lease_of(request, *body);
    if (!lease) co_return lease.error();
    jobs::Outcome outcome;
    outcome.kind = jobs::Outcome::Kind::Released;
    co_return co_await end_attempt(request, *lease, std::move(outcome));
}

}  // namespace zs::http
