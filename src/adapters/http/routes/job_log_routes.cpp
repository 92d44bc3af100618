#include "adapters/http/routes/job_log_routes.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "adapters/http/routes/job_log_stream.hpp"
#include "async/deadline.hpp"
#include "core/jobs/limits.hpp"

#include <charconv>

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

constexpr std::int64_t kLinesDefault = 500;
constexpr std::int64_t kSeqMax = std::int64_t{1} << 53;

Result<std::optional<jobs::LogStream>> stream_of(const Request& request) {
    const auto text = request.query("stream");
    if (!text) return std::optional<jobs::LogStream>();
    for (const auto stream :
         {jobs::LogStream::Stdout, jobs::LogStream::Stderr, jobs::LogStream::System}) {
        if (to_text(stream) == *text) return std::optional(stream);
    }
    return invalid_field("stream", "'stream' must be stdout, stderr or system");
}

// A client of server-sent events that comes back says what it saw last.
std::uint64_t seq_after_last_event(const Request& request, std::uint64_t from_seq) {
    const auto last = request.header("last-event-id");
    if (!last) return from_seq;
    std::uint64_t seq = 0;
    const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), seq);
    return error == std::errc{} ? seq + 1 : from_seq;
}

Result<jobs::LogQuery> query_of(const Request& request) {
    const auto from = query_integer(request, "from_seq", 0, 0, kSeqMax);
    if (!from) return from.error();
    const auto limit =
        query_integer(request, "limit", kLinesDefault, 1, jobs::limits::kLogLinesPerCallMax);
    if (!limit) return limit.error();
    const auto stream = stream_of(request);
    if (!stream) return stream.error();
    const auto attempt = query_attempt(request);
    if (!attempt) return attempt.error();
    jobs::LogQuery query;
    query.from_seq = static_cast<std::uint64_t>(*from);
    query.limit = static_cast<std::size_t>(*limit);
    query.stream = *stream;
    query.attempt = *attempt;
    return query;
}

Response page_of_lines(const std::vector<jobs::LogEntry>& entries, LogForm form) {
    std::string body;
    if (form == LogForm::Text) {
        for (const auto& entry : entries) {
            body += readable_line(entry.line.bytes);
            if (!entry.line.part) body += '\n';
        }
        auto response = text_response(std::move(body));
        response.with("Content-Disposition", "inline");
        return response;
    }
    body = "[";
    for (const auto& entry : entries) {
        if (body.size() > 1) body += ',';
        append_log_entry(body, entry);
    }
    return json_text_response(std::move(body) + "]");
}

std::string content_type_of(LogForm form) {
    switch (form) {
        case LogForm::Json: return "application/x-ndjson";
        case LogForm::Events: return "text/event-stream";
        case LogForm::Text: return "text/plain; charset=utf-8";
    }
    return {};
}

}  // namespace

void JobLogRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = right(Resource::Jobs, Right::Read);
    for (const auto& base : job_bases()) {
        router.add(Method::Get, base + "/{id}/logs", options,
                   [this](Request& request) { return read(request); });
    }
}

async::Task<Result<Response>> JobLogRoutes::read(Request& request) {
    const auto id = job_of(request);
    if (!id) co_return id.error();
    auto query = query_of(request);
    if (!query) co_return std::move(query).error();
    const auto follows = query_yes(request, "follow");
    if (!follows) co_return follows.error();
    if (*follows) co_return co_await follow(request, *id, *query);
    const auto wait = query_wait(request);
    if (!wait) co_return wait.error();
    const identity::Tenant tenant = request.principal()->tenant;
    const auto end = async::Deadline::after(*wait);
    auto entries = co_await queue_.read_log(tenant, *id, *query);
    while (entries && entries->empty() && !end.expired() && !waits_end_) {
        const auto left = std::chrono::ceil<Millis>(end.remaining());
        const auto job = co_await queue_.find(tenant, *id);
        if (!job) co_return job.error();
        entries = co_await queue_.read_log(tenant, *id, *query, std::min(left, kWaitSlice));
        if (jobs::is_final(job->state)) break;
    }
    if (!entries) co_return std::move(entries).error();
    const auto form = log_form(request.header("accept").value_or(std::string_view()));
    auto response = page_of_lines(*entries, form);
    if (!entries->empty()) response.with("X-Next-Seq", std::to_string(entries->back().seq + 1));
    co_return response;
}

async::Task<Result<Response>> JobLogRoutes::follow(Request& request, jobs::JobId id,
                                                   jobs::LogQuery query) {
    JobLogStream::Source source;
    source.tenant = request.principal()->tenant;
    source.job = id;
    source.query = query;
    const auto found = co_await queue_.find(source.tenant, id);
    if (!found) co_return found.error();
    const auto form = log_form(request.header("accept").value_or(std::string_view()));
    if (form == LogForm::Events)
        source.query.from_seq = seq_after_last_event(request, query.from_seq);
    Response response;
    response.content_type = content_type_of(form);
    response.compressible = false;  // lines go out as they come
    response.with("X-Accel-Buffering", "no");
    response.source = std::make_unique<JobLogStream>(queue_, std::move(source), form, waits_end_,
                                                     request.stop_token());
    co_return response;
}

}  // namespace zs::http
