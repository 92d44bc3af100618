#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/health_checks.hpp"
#include "adapters/http/routes/loop_probe.hpp"
#include "adapters/http/routes/process_usage.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>

namespace zs::http {

struct OperationsConfig {
    std::string service_name = "zrustdb";
    std::string version;
    std::string commit;
    bool health_enabled = true;
    bool metrics_enabled = true;
    std::optional<Secret> metrics_token;  // set: /metrics needs it as bearer token
};

// Probes, metrics, version, statistics and the API's description. They hold no tenant data.
// Source: http-api.md section 10. Lifetime: the services outlive it, it outlives the router.
class OperationsRoutes {
public:
    OperationsRoutes(HealthChecks& health, async::IoRuntime& io, const Clock& clock,
                     OperationsConfig config);

    void register_routes(Router& router);
    // The parts, for listeners of their own (ZOBS_HEALTH_ADDR, ZOBS_METRICS_ADDR).
    void register_probes(Router& router);
    void register_metrics(Router& router);

private:
    async::Task<Result<Response>> health(Request& request);
    async::Task<Result<Response>> ready(Request& request);
    async::Task<Result<Response>> live(Request& request);
    Result<Response> version() const;
    Result<Response> stats();
    Result<Response> metrics(const Request& request);
    std::int64_t uptime_seconds() const;

    HealthChecks& health_;
    const Clock& clock_;
    const OperationsConfig config_;
    LoopProbe loops_;
    ProcessUsage usage_;
    const std::chrono::steady_clock::time_point started_;
};

}  // namespace zs::http
