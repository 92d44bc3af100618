#include "adapters/http/routes/ingest_routes.hpp"

#include "adapters/http/routes/route_support.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "core/idempotency/idempotency.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kProgressEvery{250};

// The body of a request as the service reads it.
class BodyBytes final : public data::ByteSource {
public:
    explicit BodyBytes(BodyReader& body) : body_(body) {}
    async::Task<Result<std::optional<std::string>>> read() override { return body_.read(); }

private:
    BodyReader& body_;
};

Result<documents::Form> form_of(std::string_view content_type) {
    const auto type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
    for (const std::string_view lines :
         {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
        if (type == lines) return documents::Form::Lines;
    }
    if (type == "application/json" || type.ends_with("+json")) return documents::Form::Values;
    return invalid_argument("Content-Type must be application/x-ndjson or application/json",
                            "unsupported_media_type");
}

Result<bool> query_flag(const Request& request, std::string_view name) {
    const auto text = request.query(name);
    if (!text || *text == "false" || *text == "0") return false;
    if (*text == "true" || *text == "1") return true;
    return invalid_field(name, "'" + std::string(name) + "' must be true or false");
}

Result<std::optional<std::uint64_t>> query_count(const Request& request, std::string_view name) {
    if (!request.query(name)) return std::optional<std::uint64_t>();
    constexpr std::int64_t kMax = std::int64_t{1} << 53;
    const auto count = query_integer(request, name, 0, 0, kMax);
    if (!count) return count.error();
    return std::optional<std::uint64_t>(static_cast<std::uint64_t>(*count));
}

template <class T>
Result<T> query_choice(const Request& request, std::string_view name, T fallback) {
    const auto text = request.query(name);
    if (!text) return fallback;
    auto choice = parse_text(std::type_identity<T>{}, *text);
    if (choice) return choice;
    return invalid_field(name, "'" + std::string(name) + "' " + choice.error().message);
}

// What must be the same when a stream is taken up again: everything in the query but the place.
std::string stable_query(std::string_view query) {
    std::string out;
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (!pair.starts_with("resume_from=")) out += std::string(pair) + "&";
    }
    return out;
}

std::string key_of(const Request& request, std::string_view client_key) {
    return idempotency::make_key_id(*request.principal(), "POST", request.path(), client_key).key;
}

Result<void> read_stream(const Request& request, data::IngestRequest& wanted) {
    const auto resume = query_count(request, "resume_from");
    if (!resume) return resume.error();
    wanted.resume_from = *resume;
    const auto key = request.header("idempotency-key");
    if (!key) return {};
    const bool printable = std::ranges::all_of(*key, [](char c) { return c > ' ' && c < 0x7f; });
    if (key->empty() || key->size() > 255 || !printable) {
        return invalid_argument("Idempotency-Key must be 1 to 255 printable ASCII characters");
    }
    wanted.stream_key = key_of(request, *key);
    wanted.request_hash =
        idempotency::request_hash(stable_query(request.raw_query()),
                                  wanted.form == documents::Form::Lines ? "lines" : "values");
    return {};
}

Result<data::IngestRequest> read_request(const Request& request) {
    data::IngestRequest wanted;
    wanted.collection = request.path_param("name");
    const auto form = form_of(request.header("content-type").value_or(std::string_view()));
    if (!form) return form.error();
    wanted.form = *form;
    wanted.id_field = request.query("id_field");
    if (wanted.id_field && (wanted.id_field->empty() || wanted.id_field->size() > 256)) {
        return invalid_field("id_field", "'id_field' must be a key of 1 to 256 bytes");
    }
    const auto on_conflict = query_choice(request, "on_conflict", data::OnConflict::Error);
    if (!on_conflict) return on_conflict.error();
    const auto on_error = query_choice(request, "on_error", data::OnError::Skip);
    if (!on_error) return on_error.error();
    wanted.dead_letter = request.query("dead_letter");
    const auto errors_max = query_count(request, "max_errors");
    if (!errors_max) return errors_max.error();
    const auto atomic = query_flag(request, "atomic");
    if (!atomic) return atomic.error();
    const auto dry_run = query_flag(request, "dry_run");
    if (!dry_run) return dry_run.error();
    wanted.on_conflict = *on_conflict;
    wanted.on_error = *on_error;
    wanted.errors_max = *errors_max;
    wanted.atomic = *atomic;
    wanted.dry_run = *dry_run;
    const auto stream = read_stream(request, wanted);
    if (!stream) return stream.error();
    const auto& rights = *request.principal()->rights;
    if (wanted.on_conflict == data::OnConflict::Replace
        && !rights.allows(Resource::Collections, Right::Update)) {
        return identity::missing_right(Resource::Collections, Right::Update);
    }
    return wanted;
}

boost::json::object show_counts(const data::IngestCounts& counts) {
    boost::json::object out;
    out.emplace("ingested", counts.ingested);
    out.emplace("errors", counts.errors);
    out.emplace("batches", counts.batches);
    out.emplace("ignored", counts.ignored);
    out.emplace("replaced", counts.replaced);
    return out;
}

boost::json::object show_report(const data::IngestReport& report, steady_clock::time_point begun) {
    auto out = show_counts(report.counts);
    boost::json::array errors;
    for (const auto& error : report.errors) {
        boost::json::object shown;
        shown.emplace("index", error.index);
        shown.emplace("line", error.line);
        shown.emplace("offset", error.offset);
        shown.emplace("error", error.code);
        shown.emplace("message", error.message);
        errors.push_back(std::move(shown));
    }
    out.emplace("error_details", std::move(errors));
    out.emplace("bytes", report.bytes);
    const auto took = std::chrono::duration_cast<Millis>(steady_clock::now() - begun);
    out.emplace("elapsed_ms", took.count());
    return out;
}

// Lines about a running stream: {"progress":{…}} now and then, the report or an error at the end.
// Making them is what drives the stream.
class ProgressBody final : public BodySource {
public:
    ProgressBody(std::unique_ptr<data::ByteSource> source, std::unique_ptr<data::IngestRun> run,
                 std::string request_id)
        : source_(std::move(source)), run_(std::move(run)), request_id_(std::move(request_id)) {}

    async::Task<Result<bool>> next(std::string& piece) override {
        if (ended_) co_return false;
        const auto until = steady_clock::now() + kProgressEvery;
        while (steady_clock::now() < until || !told_) {
            auto more = co_await run_->step();
            if (!more && !told_) co_return std::move(more).error();
            ended_ = !more || !*more;
            if (!more) piece = error_response(more.error(), request_id_).body + "\n";
            if (ended_ && more) {
                piece = write_json(show_report(run_->report(), begun_)) + "\n";
            }
            told_ = true;
            if (ended_) co_return true;
        }
        auto counts = show_counts(run_->report().counts);
        counts.emplace("bytes", run_->report().bytes);
        counts.emplace("committed_bytes", run_->report().committed_bytes);
        boost::json::object line;
        line.emplace("progress", std::move(counts));
        piece = write_json(line) + "\n";
        co_return true;
    }

private:
    std::unique_ptr<data::ByteSource> source_;
    std::unique_ptr<data::IngestRun> run_;
    std::string request_id_;
    steady_clock::time_point begun_ = steady_clock::now();
    bool told_ = false;
    bool ended_ = false;
};

}  // namespace

void IngestRoutes::register_routes(Router& router) {
    const std::string path = "/v1/collections/{name}/ingest";
    RouteOptions options;
    options.needs = right(Resource::Collections, Right::Create);
    router.add(Method::Get, path, options, [this](Request& request) { return stream(request); });
    options.unlimited_body = true;
    options.zstd_body = true;
    router.add(Method::Post, path, options, [this](Request& request) { return ingest(request); });
}

async::Task<Result<Response>> IngestRoutes::ingest(Request& request) {
    const auto begun = steady_clock::now();
    auto wanted = read_request(request);
    if (!wanted) co_return std::move(wanted).error();
    std::unique_ptr<data::ByteSource> source = std::make_unique<BodyBytes>(request.body());
    auto run = co_await ingest_.begin(request.principal(), std::move(*wanted), *source);
    if (!run) co_return std::move(run).error();
    const auto accept = request.header("accept").value_or(std::string_view());
    if (result_form(accept) == ResultForm::Ndjson) {
        Response response;
        response.content_type = "application/x-ndjson";
        response.compressible = false;
        response.source_reads_body = true;
        response.source = std::make_unique<ProgressBody>(std::move(source), std::move(*run),
                                                         std::string(request.request_id()));
        co_return response;
    }
    while (true) {
        auto more = co_await (*run)->step();
        if (!more) co_return std::move(more).error();
        if (!*more) break;
    }
    auto response = json_response(show_report((*run)->report(), begun));
    if ((*run)->report().replayed) response.with("Idempotency-Replayed", "true");
    co_return response;
}

async::Task<Result<Response>> IngestRoutes::stream(Request& request) {
    const auto key = request.header("idempotency-key");
    if (!key)
        co_return invalid_argument(
            "this says how far an ingest with an Idempotency-Key came: send that key as a header");
    auto state = co_await ingest_.stream(request.principal(), key_of(request, *key));
    if (!state) co_return std::move(state).error();
    auto body = show_counts(state->counts);
    body.emplace("offset", state->position.offset);
    body.emplace("documents", state->position.index);
    co_return json_response(body);
}

}  // namespace zs::http
