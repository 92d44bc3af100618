#include "adapters/http/routes/worker_body.hpp"

#include "adapters/http/routes/body_fields.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <charconv>

namespace zs::http {
namespace json = boost::json;

namespace {

constexpr std::size_t kWorkerIdBytesMax = 128;
constexpr std::int64_t kLeasesMax = 100;
constexpr std::int64_t kSlotsMax = 10'000;
constexpr std::size_t kLinesMax = 1000;

Result<std::string> worker_id_of(const json::object& body) {
    auto id = required<std::string>(body, "worker_id");
    if (!id) return id;
    const bool printable =
        std::ranges::all_of(*id, [](char c) { return c > ' ' && c < 0x7f && c != '@'; });
    if (!id->empty() && id->size() <= kWorkerIdBytesMax && printable) return id;
    return invalid_field("worker_id",
                         "'worker_id' has 1 to 128 printable ASCII characters without '@'");
}

Result<std::int64_t> number_in(const json::object& body, const char* name, std::int64_t fallback,
                               std::int64_t min, std::int64_t max) {
    std::optional<std::int64_t> number;
    auto read = read_optional(body, name, number);
    if (!read) return std::move(read).error();
    if (!number) return fallback;
    if (*number >= min && *number <= max) return *number;
    return invalid_field(name, "'" + std::string(name) + "' must be between " + std::to_string(min)
                                   + " and " + std::to_string(max));
}

Result<std::vector<std::string>> labels_of(const json::object& body, const char* name) {
    std::vector<std::string> labels;
    auto read = read_optional(body, name, labels);
    if (!read) return std::move(read).error();
    if (labels.size() > jobs::limits::kLabelsMax)
        return invalid_field(name, "at most " + std::to_string(jobs::limits::kLabelsMax)
                                       + " entries of '" + name + "' are possible");
    for (const auto& label : labels) {
        if (label.empty() || label.size() > jobs::limits::kLabelBytesMax)
            return invalid_field(name, "an entry of '" + std::string(name) + "' has 1 to "
                                           + std::to_string(jobs::limits::kLabelBytesMax)
                                           + " bytes");
    }
    return labels;
}

Result<std::optional<jobs::SandboxTier>> tier_of(const json::object& body) {
    std::optional<std::string> text;
    auto read = read_optional(body, "sandbox", text);
    if (!read) return std::move(read).error();
    if (!text) return std::optional<jobs::SandboxTier>();
    const auto tier = jobs::sandbox_tier(*text);
    if (!tier) return invalid_field("sandbox", "'sandbox' must be L0, L1, L2 or L3");
    return std::optional(*tier);
}

Result<std::optional<jobs::Progress>> progress_of(const json::object& lease) {
    std::optional<double> fraction;
    auto read = read_optional(lease, "progress", fraction);
    if (!read) return std::move(read).error();
    if (!fraction) return std::optional<jobs::Progress>();
    if (!(*fraction >= 0 && *fraction <= 1))
        return invalid_field("progress", "'progress' lies between 0 and 1");
    jobs::Progress progress;
    progress.fraction = *fraction;
    std::optional<std::string> message;
    auto said = read_optional(lease, "message", message);
    if (!said) return std::move(said).error();
    progress.message = message.value_or("").substr(0, 1024);
    return std::optional(std::move(progress));
}

Result<BeatingLease> beating_lease_of(const json::value& value, const std::string& path) {
    const auto lease = as_object(value, path);
    if (!lease) return lease.error();
    const auto id = required<jobs::JobId>(**lease, "job_id");
    if (!id) return id.error();
    const auto token = token_of(value);
    if (!token) return token.error();
    auto progress = progress_of(**lease);
    if (!progress) return std::move(progress).error();
    BeatingLease out;
    out.lease.job = *id;
    out.lease.token = *token;
    out.progress = std::move(*progress);
    return out;
}

Result<jobs::LogLine> log_line_of(const json::value& value, const std::string& path,
                                  Timestamp now) {
    const auto body = as_object(value, path);
    if (!body) return body.error();
    const auto stream = required<std::string>(**body, "stream");
    if (!stream) return stream.error();
    const auto known = jobs::log_stream(*stream);
    if (!known) return invalid_field(path + ".stream", "'stream' must be stdout, stderr or system");
    auto line = required<std::string>(**body, "line");
    if (!line) return std::move(line).error();
    std::optional<Timestamp> at;
    auto read = read_optional(**body, "ts", at);
    if (!read) return std::move(read).error();
    jobs::LogLine out;
    read = read_optional(**body, "part", out.part);
    if (!read) return std::move(read).error();
    out.stream = *known;
    out.at = at.value_or(now);
    out.bytes = std::move(*line);
    return out;
}

// {code?, message, exit_code?, signal?}, or its message alone.
Result<jobs::JobError> error_of(const json::object& body) {
    jobs::JobError error;
    error.message = "the worker said no more";
    const auto* value = body.if_contains("error");
    if (value == nullptr || value->is_null()) return error;
    if (value->is_string()) {
        error.message = std::string(value->get_string());
        return error;
    }
    const auto fields = as_object(*value, "error");
    if (!fields) return fields.error();
    std::optional<std::string> code;
    auto read = read_optional(**fields, "code", code);
    if (read) read = read_optional(**fields, "message", error.message);
    if (read) read = read_optional(**fields, "exit_code", error.exit_code);
    if (read) read = read_optional(**fields, "signal", error.signal);
    if (!read) return std::move(read).error();
    if (!code) return error;
    const auto known = jobs::failure(*code);
    if (!known) return invalid_field("error.code", "'error.code' is none of the known codes");
    error.code = *known;
    return error;
}

}  // namespace

Result<LeaseRequest> parse_lease_request(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    auto id = worker_id_of(**body);
    if (!id) return std::move(id).error();
    const auto max = number_in(**body, "max", 1, 1, kLeasesMax);
    if (!max) return max.error();
    const auto wait = number_in(**body, "wait_ms", 0, 0, jobs::limits::kWaitMax.count());
    if (!wait) return wait.error();
    const auto slots = number_in(**body, "slots", 0, 0, kSlotsMax);
    if (!slots) return slots.error();
    auto labels = labels_of(**body, "labels");
    if (!labels) return std::move(labels).error();
    auto kinds = labels_of(**body, "kinds");
    if (!kinds) return std::move(kinds).error();
    const auto tier = tier_of(**body);
    if (!tier) return tier.error();
    LeaseRequest out;
    auto read = read_optional(**body, "draining", out.draining);
    if (!read) return std::move(read).error();
    out.worker_id = std::move(*id);
    out.max = static_cast<std::size_t>(*max);
    out.wait = Millis(*wait);
    out.slots = static_cast<std::size_t>(*slots);
    out.labels = std::move(*labels);
    out.kinds = std::move(*kinds);
    if (out.kinds.empty()) out.kinds = {"process"};
    out.sandbox = tier->value_or(jobs::SandboxTier::L0);
    return out;
}

Result<HeartbeatRequest> parse_heartbeat(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    auto id = worker_id_of(**body);
    if (!id) return std::move(id).error();
    const auto leases = required<json::array>(**body, "leases");
    if (!leases) return leases.error();
    if (leases->size() > jobs::limits::kLeasesPerHeartbeatMax)
        return invalid_field("leases", "at most 1000 leases fit into one heartbeat");
    HeartbeatRequest out;
    auto read = read_optional(**body, "draining", out.draining);
    if (read) read = read_optional(**body, "all", out.all);
    if (!read) return std::move(read).error();
    out.worker_id = std::move(*id);
    for (std::size_t i = 0; i < leases->size(); ++i) {
        auto lease = beating_lease_of((*leases)[i], "leases[" + std::to_string(i) + "]");
        if (!lease) return std::move(lease).error();
        out.leases.push_back(std::move(*lease));
    }
    return out;
}

Result<jobs::LeaseToken> parse_token(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0)
        return invalid_field("token", "'token' is the one of the lease, as text");
    return jobs::LeaseToken{number};
}

Result<jobs::LeaseToken> token_of(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    const auto text = required<std::string>(**body, "token");
    if (!text) return text.error();
    return parse_token(*text);
}

Result<std::vector<jobs::LogLine>> parse_log_lines(const json::value& value, Timestamp now) {
    const auto body = as_object(value);
    if (!body) return body.error();
    const auto lines = required<json::array>(**body, "lines");
    if (!lines) return lines.error();
    if (lines->size() > kLinesMax)
        return invalid_field("lines", "at most 1000 lines fit into one call");
    std::vector<jobs::LogLine> out;
    for (std::size_t i = 0; i < lines->size(); ++i) {
        auto line = log_line_of((*lines)[i], "lines[" + std::to_string(i) + "]", now);
        if (!line) return std::move(line).error();
        out.push_back(std::move(*line));
    }
    return out;
}

Result<jobs::Outcome> parse_outcome(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    const auto text = required<std::string>(**body, "outcome");
    if (!text) return text.error();
    jobs::Outcome out;
    auto read = read_optional(**body, "exit_code", out.exit_code);
    if (read) read = read_optional(**body, "retryable", out.retryable);
    if (!read) return std::move(read).error();
    const auto tier = tier_of(**body);
    if (!tier) return tier.error();
    out.sandbox = *tier;
    const auto* output = (*body)->if_contains("output");
    if (output != nullptr && !output->is_null()) out.output = *output;
    if (*text == "succeeded") {
        out.kind = jobs::Outcome::Kind::Succeeded;
    } else if (*text == "canceled") {
        out.kind = jobs::Outcome::Kind::Canceled;
    } else if (*text == "failed") {
        auto error = error_of(**body);
        if (!error) return std::move(error).error();
        out.kind = jobs::Outcome::Kind::Failed;
        out.error = std::move(*error);
        if (!out.error->exit_code) out.error->exit_code = out.exit_code;
    } else if (*text == "lost") {
        out.kind = jobs::Outcome::Kind::Lost;
    } else {
        return invalid_field("outcome", "'outcome' must be succeeded, failed, canceled or lost");
    }
    return out;
}

}  // namespace zs::http
