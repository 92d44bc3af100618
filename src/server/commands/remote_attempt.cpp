#include "server/commands/remote_attempt.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "async/sleep.hpp"
#include "base/json_codec.hpp"
#include "base/log.hpp"
#include "core/jobs/limits.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>

namespace zs::server {
namespace json = boost::json;

namespace {

constexpr std::size_t kLinesPerCall = 1000;
constexpr std::size_t kBytesPerCall = std::size_t{4} << 20;
constexpr Millis kRetryFirst{200};
constexpr Millis kRetryMax{5'000};

json::object show_line(const jobs::LogLine& line) {
    json::object out;
    out.emplace("stream", json_text(to_text(line.stream)));
    out.emplace("line", json_text(http::readable_line(line.bytes)));
    out.emplace("ts", json_text(to_rfc3339(line.at)));
    if (line.part) out.emplace("part", true);
    return out;
}

json::object show_error(const jobs::JobError& error) {
    json::object out;
    out.emplace("code", json_text(to_text(error.code)));
    out.emplace("message", json_text(error.message));
    if (error.exit_code) out.emplace("exit_code", *error.exit_code);
    if (error.signal) out.emplace("signal", *error.signal);
    return out;
}

json::object show_outcome(const jobs::Outcome& outcome) {
    json::object out;
    switch (outcome.kind) {
        case jobs::Outcome::Kind::Succeeded: out.emplace("outcome", "succeeded"); break;
        case jobs::Outcome::Kind::Canceled: out.emplace("outcome", "canceled"); break;
        case jobs::Outcome::Kind::Lost: out.emplace("outcome", "lost"); break;
        default: out.emplace("outcome", "failed"); break;
    }
    if (outcome.output) out.emplace("output", *outcome.output);
    if (outcome.exit_code) out.emplace("exit_code", *outcome.exit_code);
    if (outcome.error) out.emplace("error", show_error(*outcome.error));
    if (outcome.sandbox) out.emplace("sandbox", json_text(to_text(*outcome.sandbox)));
    out.emplace("retryable", outcome.retryable);
    return out;
}

bool may_pass(const Error& error) {
    switch (error.code) {
        case ErrorCode::Unavailable:
        case ErrorCode::DeadlineExceeded:
        case ErrorCode::Exhausted:
        case ErrorCode::Internal: return true;
        default: return false;
    }
}

// How many lines the server has of a job.
std::optional<std::uint64_t> lines_of(const json::value& shown) {
    const auto* job = shown.if_object();
    const auto* lines = job == nullptr ? nullptr : job->if_contains("log_count");
    if (lines == nullptr || !lines->is_int64()) return std::nullopt;
    return static_cast<std::uint64_t>(lines->get_int64());
}

// Bytes that were fetched as a whole.
class TextReader final : public files::BlobReader {
public:
    explicit TextReader(std::string bytes) : bytes_(std::move(bytes)) {}
    async::Task<Result<bool>> read(std::string& piece) override {
        piece = std::exchange(bytes_, {});
        co_return !piece.empty();
    }

private:
    std::string bytes_;
};

}  // namespace

RemoteAttempt::RemoteAttempt(ServerCalls& calls, SpoolBlobs& blobs, jobs::LeasedJob job,
                             Millis lease)
    : calls_(calls),
      blobs_(blobs),
      job_(std::move(job)),
      lines_stored_(job_.job.log_count),
      end_(async::Deadline::after(lease - lease / 10)) {}

std::string RemoteAttempt::token_text() const {
    return std::to_string(static_cast<std::uint64_t>(job_.job.token));
}

std::string RemoteAttempt::path(std::string_view rest) const {
    return "/v1/workers/jobs/" + job_.job.id.to_string() + std::string(rest);
}

void RemoteAttempt::request_stop(jobs::StopReason reason) {
    auto none = jobs::StopReason::None;
    reason_.compare_exchange_strong(none, reason);
    stop_.request_stop();
}

void RemoteAttempt::extend(Millis lease) {
    end_ = async::Deadline::after(lease - lease / 10);
}

std::optional<jobs::Progress> RemoteAttempt::take_progress() {
    return std::exchange(progress_, std::nullopt);
}

async::Task<Result<void>> RemoteAttempt::tell_once(std::string path, json::object body) {
    auto answer = co_await calls_.post(std::move(path), std::move(body));
    if (answer) co_return Result<void>();
    if (answer.error().reason == "lease_lost" || answer.error().code == ErrorCode::NotFound) {
        request_stop(jobs::StopReason::LeaseLost);
        co_return jobs::lease_lost();
    }
    co_return std::move(answer).error();
}

async::Task<Result<void>> RemoteAttempt::tell(std::string path, json::object body) {
    Millis pause = kRetryFirst;
    while (true) {
        json::object sent = body;
        auto told = co_await tell_once(path, std::move(sent));
        if (told || !may_pass(told.error())) co_return told;
        if (is_over()) {
            request_stop(jobs::StopReason::LeaseLost);
            co_return jobs::lease_lost();
        }
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kRetryMax);
    }
}

// Lines whose answer was lost may be stored: then the server has more than were known of. Only this
// attempt adds lines, and the lines of one call are stored together or not at all.
async::Task<Result<void>> RemoteAttempt::tell_lines(json::array lines) {
    const std::uint64_t count = lines.size();
    json::object body;
    body.emplace("token", json_text(token_text()));
    body.emplace("lines", std::move(lines));
    Millis pause = kRetryFirst;
    while (true) {
        json::object sent = body;
        auto told = co_await tell_once(path("/logs"), std::move(sent));
        if (told) lines_stored_ += count;
        if (told || !may_pass(told.error())) co_return told;
        if (is_over()) {
            request_stop(jobs::StopReason::LeaseLost);
            co_return jobs::lease_lost();
        }
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kRetryMax);
        const auto shown = co_await calls_.get("/v1/jobs/" + job_.job.id.to_string());
        const auto stored = shown ? lines_of(*shown) : std::nullopt;
        if (!stored || *stored < lines_stored_ + count) continue;
        lines_stored_ = *stored;
        co_return Result<void>();
    }
}

async::Task<Result<void>> RemoteAttempt::log(std::vector<jobs::LogLine> lines) {
    std::size_t at = 0;
    while (at < lines.size()) {
        json::array some;
        std::size_t bytes = 0;
        while (at < lines.size() && some.size() < kLinesPerCall && bytes < kBytesPerCall) {
            bytes += lines[at].bytes.size();
            some.push_back(show_line(lines[at++]));
        }
        auto told = co_await tell_lines(std::move(some));
        if (!told) co_return told;
    }
    co_return Result<void>();
}

async::Task<Result<void>> RemoteAttempt::progress(jobs::Progress progress) {
    progress_ = std::move(progress);
    co_return Result<void>();
}

async::Task<Result<void>> RemoteAttempt::artifact(jobs::Artifact artifact) {
    std::string name;
    for (const char c : artifact.name) {
        name += c == '/'
                    ? std::string("/")
                    : boost::urls::encode(std::string_view(&c, 1), boost::urls::unreserved_chars);
    }
    const std::string target = path("/artifacts/") + name + "?token=" + token_text();
    Millis pause = kRetryFirst;
    while (true) {
        auto sent =
            co_await calls_.put_file(target, blobs_.path_of(artifact.sha256), artifact.size);
        if (sent) break;
        if (!may_pass(sent.error()) || is_over()) co_return sent;
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kRetryMax);
    }
    co_return co_await blobs_.remove(artifact.sha256);
}

async::Task<> RemoteAttempt::report(jobs::Outcome outcome) {
    if (reason() == jobs::StopReason::LeaseLost) co_return;
    const bool released = outcome.kind == jobs::Outcome::Kind::Released;
    json::object body;
    if (!released) body = show_outcome(outcome);
    body.emplace("token", json_text(token_text()));
    auto told = co_await tell(path(released ? "/release" : "/finish"), std::move(body));
    if (!told) {
        log::warn("the end of an attempt could not be told",
                  {{"job", job_.job.id.to_string()}, {"reason", told.error().message}});
    }
}

async::Task<Result<std::unique_ptr<files::BlobReader>>> RemoteInputs::open(identity::Tenant,
                                                                           files::Digest blob) {
    auto bytes = co_await calls_.fetch("/v1/files/" + blob.to_string());
    if (!bytes) co_return std::move(bytes).error();
    std::unique_ptr<files::BlobReader> reader = std::make_unique<TextReader>(std::move(*bytes));
    co_return reader;
}

Result<jobs::LeasedJob> parse_leased_job(const json::value& shown, std::uint64_t token,
                                         std::uint32_t attempt) {
    const auto* job = shown.if_object();
    const auto* spec = job == nullptr ? nullptr : job->if_contains("spec");
    const auto* id = job == nullptr ? nullptr : job->if_contains("id");
    if (spec == nullptr || !spec->is_object() || id == nullptr || !id->is_string())
        return data_loss("the server answered something that is no job");
    json::object fields = spec->get_object();
    jobs::LeasedJob out;
    out.job.tenant.org_id = std::string(fields.at("org_id").as_string());
    // What only concerns the queue has been decided already.
    for (const char* name : {"org_id", "run_at", "depends_on", "unique_key", "on_conflict"})
        fields.erase(name);
    const SystemClock clock;
    jobs::SpecDefaults defaults;
    defaults.timeout_max = std::chrono::hours(24 * 3650);
    auto parsed_id = jobs::JobId::parse(std::string(id->get_string()));
    auto parsed = jobs::parse_job_spec(fields, defaults, clock.now());
    if (!parsed) return std::move(parsed).error();
    if (!parsed_id) return std::move(parsed_id).error();
    out.job.id = *parsed_id;
    out.job.spec = std::move(*parsed);
    out.job.state = jobs::JobState::Running;
    out.job.counters.attempt = attempt;
    out.job.token = jobs::LeaseToken{token};
    // How many lines the server has: those are not sent again after a restart of this worker.
    out.job.log_count = lines_of(shown).value_or(0);
    return out;
}

}  // namespace zs::server
