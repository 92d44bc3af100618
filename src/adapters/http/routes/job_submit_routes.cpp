#include "adapters/http/routes/job_submit_routes.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/routes/job_support.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "core/jobs/limits.hpp"

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

constexpr std::uint64_t kBulkBytesMax = 64ULL << 20;

// The members of a bulk submit. What could not be read has its error, and no specification.
struct Batch {
    std::vector<Result<json::object>> members;
    jobs::AddMode mode = jobs::AddMode::EachAlone;
};

Result<json::object> as_member(json::value value, const identity::Tenant& tenant) {
    if (!value.is_object()) return unprocessable("a job must be an object", "");
    auto checked = check_org(value.get_object(), tenant);
    if (!checked) return std::move(checked).error();
    return std::move(value.get_object());
}

bool is_lines(const Request& request) {
    const auto header = request.header("content-type").value_or(std::string_view());
    const auto type = to_lower(trim(header.substr(0, header.find(';'))));
    return type == "application/x-ndjson" || type == "application/ndjson"
           || type == "application/jsonl";
}

Error too_many() {
    return invalid_field("jobs", "at most " + std::to_string(jobs::limits::kBulkMax)
                                     + " jobs can be submitted at once");
}

Result<Batch> batch_of_lines(std::string_view text, const identity::Tenant& tenant) {
    Batch batch;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty()) continue;
        if (batch.members.size() == jobs::limits::kBulkMax) return too_many();
        auto parsed = parse_json(line);
        batch.members.push_back(parsed ? as_member(std::move(*parsed), tenant)
                                       : Result<json::object>(std::move(parsed).error()));
    }
    return batch;
}

Result<Batch> batch_of_body(json::value body, const identity::Tenant& tenant) {
    if (!body.is_object()) return unprocessable("the body must be an object", "");
    auto& fields = body.get_object();
    auto* list = fields.if_contains("jobs");
    if (list == nullptr || !list->is_array()) {
        return unprocessable("'jobs' must be an array", "jobs");
    }
    if (list->get_array().size() > jobs::limits::kBulkMax) return too_many();
    Batch batch;
    if (const auto* atomic = fields.if_contains("atomic"); atomic != nullptr) {
        if (!atomic->is_bool()) return unprocessable("'atomic' must be true or false", "atomic");
        if (atomic->get_bool()) batch.mode = jobs::AddMode::AllOrNone;
    }
    for (auto& member : list->get_array())
        batch.members.push_back(as_member(std::move(member), tenant));
    return batch;
}

async::Task<Result<Batch>> read_batch(Request& request) {
    const identity::Tenant& tenant = request.principal()->tenant;
    const auto atomic = query_yes(request, "atomic");
    if (!atomic) co_return atomic.error();
    Result<Batch> batch = Batch();
    if (is_lines(request)) {
        auto text = co_await read_all(request);
        if (!text) co_return std::move(text).error();
        batch = batch_of_lines(*text, tenant);
    } else {
        auto body = co_await read_json(request);
        if (!body) co_return std::move(body).error();
        batch = batch_of_body(std::move(*body), tenant);
    }
    if (batch && *atomic) batch->mode = jobs::AddMode::AllOrNone;
    co_return batch;
}

// With `atomic` what is wrong with one member is wrong with the whole: 422. Quotas and outages stay
// what they are.
Error refused_whole(Error error, std::optional<std::size_t> index) {
    switch (error.code) {
        case ErrorCode::InvalidArgument:
        case ErrorCode::NotFound:
        case ErrorCode::Conflict:
            if (error.reason.empty()) error.reason = error.reason_text();
            error.code = ErrorCode::Unprocessable;
            break;
        default: break;
    }
    if (index) error.details["index"] = *index;
    return error;
}

json::object show_refused(std::size_t index, const Error& error) {
    json::object out;
    out.emplace("index", index);
    out.emplace("error", json_text(error.reason_text()));
    out.emplace("message", json_text(error.message));
    return out;
}

// Puts the answers of those that were submitted beside those that could not be read.
json::object show_batch(const Batch& batch, const std::vector<Result<jobs::Submitted>>& answers) {
    json::array results;
    std::size_t submitted = 0;
    auto answer = answers.begin();
    for (std::size_t i = 0; i < batch.members.size(); ++i) {
        if (!batch.members[i]) {
            results.push_back(show_refused(i, batch.members[i].error()));
            continue;
        }
        if (answer == answers.end()) break;
        const auto& one = *answer++;
        if (!one) {
            results.push_back(show_refused(i, one.error()));
            continue;
        }
        ++submitted;
        json::object shown{{"index", i}, {"job_id", json_text(one->id.to_string())}};
        if (one->deduplicated) shown.emplace("deduplicated", true);
        results.push_back(std::move(shown));
    }
    json::object out;
    out.emplace("submitted", submitted);
    out.emplace("failed", batch.members.size() - submitted);
    out.emplace("results", std::move(results));
    return out;
}

}  // namespace

void JobSubmitRoutes::register_routes(Router& router) {
    for (const auto& base : job_bases()) {
        RouteOptions options;
        options.needs = right(Resource::Jobs, Right::Create);
        router.add(Method::Post, base, options,
                   idempotency_.wrap([this](Request& request) { return submit(request); }));
        options.body_max = kBulkBytesMax;
        router.add(Method::Post, base + "/bulk", options,
                   idempotency_.wrap([this](Request& request) { return submit_many(request); }));
    }
}

async::Task<Result<Response>> JobSubmitRoutes::submit(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    if (!body->is_object()) co_return unprocessable("the body must be an object", "");
    auto checked = check_org(body->get_object(), request.principal()->tenant);
    if (!checked) co_return std::move(checked).error();
    auto who = submitter_of(request);
    auto submitted = co_await intake_.submit(std::move(who), std::move(body->get_object()));
    if (!submitted) co_return std::move(submitted).error();
    auto response = json_response(show_submitted(*submitted), submitted->deduplicated ? 200 : 201);
    response.with("Location", "/v1/jobs/" + submitted->id.to_string());
    co_return response;
}

async::Task<Result<Response>> JobSubmitRoutes::submit_many(Request& request) {
    auto batch = co_await read_batch(request);
    if (!batch) co_return std::move(batch).error();
    const bool whole = batch->mode == jobs::AddMode::AllOrNone;
    std::vector<json::object> specs;
    for (std::size_t i = 0; i < batch->members.size(); ++i) {
        auto& member = batch->members[i];
        if (!member && whole) co_return refused_whole(member.error(), i);
        if (member) specs.push_back(std::move(*member));
    }
    if (specs.empty()) co_return json_response(show_batch(*batch, {}));
    auto who = submitter_of(request);
    auto answers = co_await intake_.submit_many(std::move(who), std::move(specs), batch->mode);
    if (!answers && whole) co_return refused_whole(std::move(answers).error(), std::nullopt);
    if (!answers) co_return std::move(answers).error();
    for (std::size_t i = 0; whole && i < answers->size(); ++i) {
        if (!(*answers)[i]) co_return refused_whole((*answers)[i].error(), i);
    }
    co_return json_response(show_batch(*batch, *answers));
}

}  // namespace zs::http
