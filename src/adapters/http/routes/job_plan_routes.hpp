#pragma once

#include "adapters/http/routes/idempotency.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/jobs/template_service.hpp"

namespace zs::http {

// Specifications that are kept: templates, submitted by name, and schedules, submitted by time.
// Source: jobs.md sections 9 and 10. Lifetime: the services outlive it, it outlives the router.
class JobPlanRoutes {
public:
    JobPlanRoutes(jobs::TemplateService& templates, jobs::Scheduler& schedules,
                  Idempotency& idempotency)
        : templates_(templates), schedules_(schedules), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    void register_templates(Router& router);
    void register_schedules(Router& router);

    async::Task<Result<Response>> list_templates(Request& request);
    async::Task<Result<Response>> create_template(Request& request);
    async::Task<Result<Response>> find_template(Request& request);
    async::Task<Result<Response>> replace_template(Request& request);
    async::Task<Result<Response>> remove_template(Request& request);

    async::Task<Result<Response>> list_schedules(Request& request);
    async::Task<Result<Response>> create_schedule(Request& request);
    async::Task<Result<Response>> find_schedule(Request& request);
    async::Task<Result<Response>> replace_schedule(Request& request);
    async::Task<Result<Response>> remove_schedule(Request& request);
    async::Task<Result<Response>> trigger_schedule(Request& request);

    jobs::TemplateService& templates_;
    jobs::Scheduler& schedules_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
