#include "adapters/http/routes/job_support.hpp"

#include "core/jobs/limits.hpp"

namespace zs::http {

async::Task<Result<boost::json::object>> read_object(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    if (!body->is_object()) co_return unprocessable("the body must be an object", "");
    co_return std::move(body->get_object());
}

jobs::Submitter submitter_of(const Request& request) {
    const identity::Principal& caller = *request.principal();
    jobs::Submitter who;
    who.tenant = caller.tenant;
    who.user_id = caller.user_id;
    who.may_read_files = caller.rights->allows(identity::Resource::Files, identity::Right::Read);
    return who;
}

Result<Millis> query_wait(const Request& request) {
    const auto wait = query_integer(request, "wait_ms", 0, 0, jobs::limits::kWaitMax.count());
    if (!wait) return wait.error();
    return Millis(*wait);
}

Result<std::optional<std::uint32_t>> query_attempt(const Request& request) {
    if (!request.query("attempt")) return std::optional<std::uint32_t>();
    const auto attempt = query_integer(request, "attempt", 1, 1, UINT32_MAX);
    if (!attempt) return attempt.error();
    return std::optional(static_cast<std::uint32_t>(*attempt));
}

Result<bool> query_yes(const Request& request, std::string_view name) {
    const auto text = request.query(name);
    if (!text || *text == "false" || *text == "0") return false;
    if (text->empty() || *text == "true" || *text == "1") return true;
    return invalid_field(name, "'" + std::string(name) + "' must be true or false");
}

Result<void> check_org(const boost::json::object& spec, const identity::Tenant& tenant) {
    const auto* org = spec.if_contains("org_id");
    if (org == nullptr || org->is_null()) return {};
    if (org->is_string() && std::string_view(org->get_string()) == tenant.org_id) return {};
    return invalid_field("org_id", "'org_id' is the one of the credential: leave it out");
}

}  // namespace zs::http
