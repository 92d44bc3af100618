#include "core/jobs/job_intake.hpp"

#include "core/jobs/limits.hpp"

#include <map>
#include <set>
#include <string>

namespace zs::jobs {
namespace json = boost::json;
namespace {

std::optional<std::string> text_at(const json::object& object, std::string_view field) {
    const auto* value = object.if_contains(field);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string().data(), value->get_string().size());
}

Error no_worker(SandboxTier tier) {
    Error error =
        unprocessable("no worker has sandbox tier " + std::string(to_text(tier)), "sandbox");
    error.reason = "no_worker";
    return error;
}

using Refs = std::map<std::string, JobId>;

// "@name" becomes the id of the member of the batch with that name.
Result<void> resolve_refs(json::object& spec, const Refs& refs) {
    auto* value = spec.if_contains("depends_on");
    if (value == nullptr || !value->is_array()) return {};
    for (auto& item : value->get_array()) {
        json::value* id = &item;
        if (auto* object = item.if_object()) id = object->if_contains("job_id");
        if (id == nullptr || !id->is_string() || !id->get_string().starts_with('@')) continue;
        const std::string name(id->get_string().data() + 1, id->get_string().size() - 1);
        const auto found = refs.find(name);
        if (found == refs.end()) {
            Error error =
                unprocessable("no job of this batch has ref '" + name + "'", "depends_on");
            error.reason = "no_such_dependency";
            return error;
        }
        *id = found->second.to_string();
    }
    return {};
}

// The members in an order in which each comes after those it depends on; what is left over runs in
// circles. `ready` holds places in `jobs`.
std::vector<std::size_t> in_order(const std::vector<NewJob>& jobs) {
    std::map<Uuid, std::size_t> place;
    for (std::size_t i = 0; i < jobs.size(); ++i)
        place[jobs[i].id.uuid()] = i;
    std::vector<std::size_t> open(jobs.size(), 0);
    std::vector<std::vector<std::size_t>> followers(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        for (const auto& dependency : jobs[i].spec.depends_on) {
            const auto on = place.find(dependency.job);
            if (on == place.end()) continue;
            ++open[i];
            followers[on->second].push_back(i);
        }
    }
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (open[i] == 0) order.push_back(i);
    }
    for (std::size_t next = 0; next < order.size(); ++next) {
        for (const auto follower : followers[order[next]]) {
            if (--open[follower] == 0) order.push_back(follower);
        }
    }
    return order;
}

}  // namespace

void mark_firing(JobSpec& spec, Timestamp nominal) {
    spec.metadata["nominal_time"] = to_rfc3339(nominal);
}

async::Task<Result<JobSpec>> JobIntake::read(Submitter who, json::object spec) {
    const auto* name = spec.if_contains("template");
    if (name != nullptr && !name->is_null()) {
        const auto text = text_at(spec, "template");
        if (!text) co_return unprocessable("'template' must be text", "template");
        auto found = co_await templates_.find(who.tenant, *text);
        if (!found) co_return found.error();
        if (!*found) {
            co_return not_found("there is no template '" + *text + "'", "no_such_template");
        }
        auto expanded = expand_template(**found, spec);
        if (!expanded) co_return expanded.error();
        spec = std::move(*expanded);
    }
    if (const auto org = text_at(spec, "org_id"); org && *org != who.tenant.org_id) {
        co_return invalid_field("org_id", "'org_id' must be that of the credential");
    }
    auto parsed = parse_job_spec(spec, queue_.config().spec, clock_.now());
    if (!parsed) co_return parsed.error();
    if (!parsed->files.empty() && !who.may_read_files) {
        co_return forbidden("'files' needs the right files:read", "permission_denied");
    }
    const auto best = queue_.workers().best_sandbox(who.tenant);
    if (parsed->sandbox != SandboxTier::L0 && best && *best < parsed->sandbox) {
        co_return no_worker(parsed->sandbox);
    }
    co_return parsed;
}

async::Task<Result<Submitted>> JobIntake::submit(Submitter who, json::object spec) {
    auto parsed = co_await read(who, std::move(spec));
    if (!parsed) co_return parsed.error();
    NewJob job;
    job.tenant = who.tenant;
    job.spec = std::move(*parsed);
    if (who.nominal_time) mark_firing(job.spec, *who.nominal_time);
    job.submitted_by = who.user_id;
    job.schedule_id = who.schedule_id;
    job.nominal_time = who.nominal_time;
    co_return co_await queue_.submit(std::move(job));
}

async::Task<Result<std::vector<Result<Submitted>>>> JobIntake::submit_many(
    Submitter who, std::vector<json::object> specs, AddMode mode) {
    if (specs.size() > limits::kBulkMax) {
        co_return invalid_field("jobs", "at most 10000 jobs go in one call");
    }
    Refs refs;
    std::vector<NewJob> jobs(specs.size());
    std::vector<Result<Submitted>> answers(specs.size(), internal_error("not submitted"));
    for (std::size_t i = 0; i < specs.size(); ++i) {
        jobs[i].id = JobId::next(clock_);
        if (const auto ref = text_at(specs[i], "ref")) {
            const bool fresh = refs.emplace(*ref, jobs[i].id).second;
            if (!fresh) co_return unprocessable("'ref' stands twice: " + *ref, "ref");
        }
    }
    std::vector<NewJob> good;
    std::vector<std::size_t> places;
    const Timestamp now = clock_.now();
    for (std::size_t i = 0; i < specs.size(); ++i) {
        auto resolved = resolve_refs(specs[i], refs);
        Result<JobSpec> spec = internal_error("not read");
        if (resolved) {
            spec = co_await read(who, std::move(specs[i]));
        } else {
            spec = resolved.error();
        }
        if (!spec) {
            if (mode == AddMode::AllOrNone) {
                co_return std::move(spec.error()).with("index", std::int64_t(i));
            }
            answers[i] = spec.error();
            continue;
        }
        jobs[i].tenant = who.tenant;
        jobs[i].spec = std::move(*spec);
        jobs[i].created_at = now;
        jobs[i].submitted_by = who.user_id;
        good.push_back(std::move(jobs[i]));
        places.push_back(i);
    }
    const auto order = in_order(good);
    if (order.size() < good.size()) {
        Error error =
            unprocessable("jobs of this batch depend on each other in a circle", "depends_on");
        error.reason = "dependency_cycle";
        co_return error;
    }
    std::vector<NewJob> sorted;
    for (const auto place : order)
        sorted.push_back(std::move(good[place]));
    auto added = co_await queue_.submit_many(std::move(sorted), mode);
    if (!added) co_return added.error();
    for (std::size_t i = 0; i < added->size(); ++i) {
        auto& answer = (*added)[i];
        if (!answer && mode == AddMode::AllOrNone) {
            co_return std::move(answer.error()).with("index", std::int64_t(places[order[i]]));
        }
        answers[places[order[i]]] = std::move(answer);
    }
    co_return answers;
}

}  // namespace zs::jobs
