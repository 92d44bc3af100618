#include "adapters/http/routes/sql_answers.hpp"

#include "base/encoding.hpp"

namespace zs::http {
namespace {

using std::chrono::steady_clock;

std::int64_t millis_since(steady_clock::time_point begun) {
    return std::chrono::duration_cast<Millis>(steady_clock::now() - begun).count();
}

// The weight of one media range: its q in thousandths, 1000 when it has none.
int weight_of(std::string_view range) {
    const auto at = range.find("q=");
    if (at == std::string_view::npos) return 1000;
    const std::string_view text = trim(range.substr(at + 2));
    double q = 0;
    std::from_chars(text.data(), text.data() + text.size(), q);
    return static_cast<int>(std::clamp(q, 0.0, 1.0) * 1000);
}

std::optional<ResultForm> form_of(std::string_view media) {
    if (equals_ignoring_case(media, "application/x-ndjson")) return ResultForm::Ndjson;
    if (equals_ignoring_case(media, "text/csv")) return ResultForm::Csv;
    if (equals_ignoring_case(media, "application/json") || media == "*/*"
        || equals_ignoring_case(media, "application/*")) {
        return ResultForm::Json;
    }
    return std::nullopt;
}

async::Task<> run_statement(SqlAnswers::Run run, std::shared_ptr<StreamSink> sink,
                            std::string request_id) {
    const auto begun = steady_clock::now();
    auto outcome = co_await run(sink);
    sink->finish(outcome, millis_since(begun), request_id);
}

}  // namespace

ResultForm result_form(std::string_view accept) {
    ResultForm best = ResultForm::Json;
    int best_weight = 0;
    while (!accept.empty()) {
        const auto comma = accept.find(',');
        const std::string_view range = trim(accept.substr(0, comma));
        accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
        const auto form = form_of(trim(range.substr(0, range.find(';'))));
        const int weight = weight_of(range);
        if (!form || weight <= best_weight) continue;
        best = *form;
        best_weight = weight;
    }
    return best;
}

SqlAnswers::SqlAnswers(async::Executor executor, Limits limits)
    : limits_(limits), streams_(std::move(executor), "sql streams") {}

SqlAnswers::~SqlAnswers() {
    streams_.cancel();
    streams_.join_blocking();
}

async::Task<Result<Response>> SqlAnswers::json(Options options, Run run) {
    const auto begun = steady_clock::now();
    auto sink = std::make_shared<JsonResultSink>(options.rows, limits_.json_bytes_max);
    auto outcome = co_await run(sink);
    if (!outcome) co_return std::move(outcome).error();
    co_return json_text_response(sink->take(*outcome, millis_since(begun)));
}

async::Task<Result<Response>> SqlAnswers::stream(ResultForm form, std::string request_id,
                                                 std::stop_token cancelled, Options options,
                                                 Run run) {
    const auto format = form == ResultForm::Csv ? StreamFormat::Csv : StreamFormat::Ndjson;
    auto queue = std::make_shared<ChunkQueue>();
    auto sink = std::make_shared<StreamSink>(
        format, options.rows, queue, async::Deadline::after(options.timeout), std::move(cancelled));
    streams_.spawn(run_statement(std::move(run), std::move(sink), std::move(request_id)));
    Response response;
    response.content_type = form == ResultForm::Csv ? "text/csv; charset=utf-8; header=present"
                                                    : "application/x-ndjson";
    // The first chunk comes when it is full or when the statement has ended: an early error can
    // still become the status of the reply.
    auto first = co_await queue->next();
    if (!first) co_return std::move(first).error();
    if (!*first) co_return response;
    if (queue->drained()) {
        response.body = std::move(**first);
    } else {
        response.source = std::make_unique<StreamBody>(std::move(**first), std::move(queue));
    }
    co_return response;
}

}  // namespace zs::http
