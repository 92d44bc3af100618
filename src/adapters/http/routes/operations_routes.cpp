#include "adapters/http/routes/operations_routes.hpp"

#include "adapters/http/routes/openapi_document.hpp"
#include "base/encoding.hpp"
#include "base/metrics.hpp"

namespace zs::http {
namespace json = boost::json;
namespace {

std::string_view health_text(CheckState state) {
    switch (state) {
        case CheckState::Healthy: return "healthy";
        case CheckState::Degraded: return "degraded";
        case CheckState::Unhealthy: return "unhealthy";
        case CheckState::Disabled: return "disabled";
    }
    return "unhealthy";
}

std::string_view ready_text(CheckState state) {
    switch (state) {
        case CheckState::Healthy:
        case CheckState::Degraded: return "ok";
        case CheckState::Unhealthy: return "error";
        case CheckState::Disabled: return "not_configured";
    }
    return "error";
}

bool is_ill(CheckState state) {
    return state == CheckState::Degraded || state == CheckState::Unhealthy;
}

json::object health_checks(const HealthSnapshot& now) {
    json::object checks;
    const auto add = [&](std::string_view name, CheckState state) {
        checks.emplace(name, json_text(health_text(state)));
    };
    add("server", now.server);
    add("database", now.database);
    add("queue", now.queue);
    add("worker", now.worker);
    add("websocket", now.websocket);
    add("rtc", now.rtc);
    add("disk", now.disk);
    return checks;
}

Response probe_response(const json::object& body, unsigned status) {
    Response response = json_response(body, status);
    response.cache_control = "no-store";
    return response;
}

// Counts that later parts fill in; metrics answer 0 for what does not exist.
std::int64_t count_of(std::string_view metric) {
    return static_cast<std::int64_t>(metrics::value(metric));
}

}  // namespace

OperationsRoutes::OperationsRoutes(HealthChecks& health, async::IoRuntime& io, const Clock& clock,
                                   OperationsConfig config)
    : health_(health),
      clock_(clock),
      config_(std::move(config)),
      loops_(io),
      started_(std::chrono::steady_clock::now()) {
    metrics::gauge("zserver_build_info", "The running version.", {{"version", config_.version}})
        .set(1);
}

void OperationsRoutes::register_routes(Router& router) {
    if (config_.health_enabled) register_probes(router);
    register_metrics(router);
    RouteOptions open;
    open.needs = nothing();
    router.add_plain(Method::Get, "/version", open, [this](Request&) { return version(); });
    RouteOptions optional;
    optional.needs = optional_token();
    router.add_plain(Method::Get, "/stats", optional, [this](Request&) { return stats(); });
    router.add_plain(Method::Get, "/openapi.json", open, [](Request&) -> Result<Response> {
        Response response = json_text_response(std::string(openapi_json()));
        response.cache_control = "public, max-age=300";
        return response;
    });
}

void OperationsRoutes::register_probes(Router& router) {
    RouteOptions probe;
    probe.needs = nothing();
    probe.counted = false;
    router.add(Method::Get, "/health", probe, [this](Request& request) { return health(request); });
    router.add(Method::Get, "/ready", probe, [this](Request& request) { return ready(request); });
    router.add(Method::Get, "/live", probe, [this](Request& request) { return live(request); });
    router.add(Method::Get, "/healthz", probe, [this](Request& request) { return live(request); });
}

void OperationsRoutes::register_metrics(Router& router) {
    RouteOptions options;
    options.needs = nothing();
    options.counted = false;
    router.add_plain(Method::Get, "/metrics", options,
                     [this](Request& request) { return metrics(request); });
}

std::int64_t OperationsRoutes::uptime_seconds() const {
    return std::chrono::duration_cast<Seconds>(std::chrono::steady_clock::now() - started_).count();
}

async::Task<Result<Response>> OperationsRoutes::health(Request&) {
    const HealthSnapshot now = co_await health_.check();
    const bool well = !is_ill(now.server) && !is_ill(now.database) && !is_ill(now.queue)
                      && !is_ill(now.worker) && !is_ill(now.websocket) && !is_ill(now.rtc)
                      && !is_ill(now.disk);
    json::object body;
    body.emplace("status", well ? "healthy" : "degraded");
    body.emplace("service", config_.service_name);
    body.emplace("version", config_.version);
    body.emplace("timestamp", to_rfc3339(clock_.now()));
    body.emplace("uptime_seconds", uptime_seconds());
    body.emplace("checks", health_checks(now));
    co_return probe_response(body, 200);
}

async::Task<Result<Response>> OperationsRoutes::ready(Request&) {
    const HealthSnapshot now = co_await health_.check();
    const bool ready = now.server == CheckState::Healthy && now.database != CheckState::Unhealthy
                       && now.queue != CheckState::Unhealthy && now.disk != CheckState::Unhealthy;
    json::object checks;
    checks.emplace("database", json_text(ready_text(now.database)));
    checks.emplace("queue", json_text(ready_text(now.queue)));
    checks.emplace("storage", json_text(ready_text(now.disk)));
    json::object body;
    body.emplace("status", ready ? "ready" : "not_ready");
    body.emplace("checks", std::move(checks));
    body.emplace("timestamp", to_rfc3339(clock_.now()));
    co_return probe_response(body, ready ? 200 : 503);
}

async::Task<Result<Response>> OperationsRoutes::live(Request&) {
    const bool alive = co_await loops_.all_answer();
    if (!alive) co_return unavailable("an event loop has not answered within a second");
    json::object body;
    body.emplace("status", "alive");
    co_return probe_response(body, 200);
}

Result<Response> OperationsRoutes::version() const {
    json::object body;
    body.emplace("name", "zserver");
    body.emplace("version", config_.version);
    body.emplace("commit", config_.commit);
    body.emplace("api", json::array{"v1", "v2/rtc", "api/v1"});
    return json_response(body);
}

Result<Response> OperationsRoutes::stats() {
    const Usage usage = usage_.measure();
    const json::object body = {
        {"rooms", 0},
        {"total_clients", 0},
        {"max_rooms", 0},
        {"max_clients_per_room", 0},
        {"status", "running"},
        {"totalClients", 0},
        {"roomDetails", json::array()},
        {"workflows", {{"total", 0}, {"active", 0}}},
        {"executions", {{"total", 0}, {"running", 0}, {"completed", 0}, {"failed", 0}}},
        {"queue", {{"pending", 0}, {"processing", 0}, {"completed", 0}, {"failed", 0}}},
        {"websocket",
         {{"active_connections", count_of("ws_connections")},
          {"dropped_total", count_of("ws_dropped_total")}}},
        {"system",
         {{"uptime_seconds", uptime_seconds()},
          {"memory_usage_bytes", usage.memory_bytes},
          {"cpu_usage_percent", usage.cpu_percent}}},
    };
    return json_response(body);
}

Result<Response> OperationsRoutes::metrics(const Request& request) {
    if (!config_.metrics_enabled) return not_found("metrics are switched off");
    if (config_.metrics_token) {
        constexpr std::string_view kScheme = "bearer ";
        const std::string_view sent = request.header("authorization").value_or(std::string_view{});
        const bool bearer = sent.size() > kScheme.size()
                            && equals_ignoring_case(sent.substr(0, kScheme.size()), kScheme);
        const std::string_view token = bearer ? trim(sent.substr(kScheme.size())) : sent;
        if (!bearer || !equals_in_constant_time(token, config_.metrics_token->reveal())) {
            return unauthenticated("/metrics needs the token of ZOBS_METRICS_TOKEN");
        }
    }
    const Usage usage = usage_.measure();
    static auto& memory =
        metrics::gauge("system_memory_usage_bytes", "Resident memory of the process.");
    static auto& cpu =
        metrics::gauge("system_cpu_usage_percent", "Processor time of the process, of one core.");
    memory.set(static_cast<double>(usage.memory_bytes));
    cpu.set(usage.cpu_percent);
    return text_response(metrics::render(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace zs::http
