#include "core/jobs/job_events.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/jobs/limits.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace zs::jobs {
namespace json = boost::json;
namespace {

events::NewEvent event_of_type(JobId job, const char* type) {
    events::NewEvent event;
    event.topic.family = events::TopicFamily::Jobs;
    event.topic.name = job.to_string();
    event.type = type;
    return event;
}

// Bytes of a program as text that JSON can hold.
std::string clean(const std::string& bytes) {
    std::string text = bytes;
    std::erase(text, '\0');
    if (is_utf8(text)) return text;
    std::string quoted;
    append_json_string(quoted, text);
    boost::system::error_code failed;
    const auto value = json::parse(quoted, failed);
    return failed || !value.is_string() ? std::string() : std::string(value.get_string().c_str());
}

void add_text(std::string& json, std::string_view field, std::string_view text) {
    json += field;
    append_json_string(json, text);
}

void add_number(std::string& json, std::string_view field, std::int64_t number) {
    json += field;
    const fmt::format_int digits(number);
    json.append(digits.data(), digits.size());
}

void add_error(std::string& json, const JobError& error) {
    add_text(json, ",\"reason\":", error.message);
    add_text(json, ",\"error\":{\"code\":", to_text(error.code));
    add_text(json, ",\"message\":", error.message);
    if (error.exit_code) add_number(json, ",\"exit_code\":", *error.exit_code);
    if (error.signal) add_number(json, ",\"signal\":", *error.signal);
    json += '}';
}

}  // namespace

// Each job has several of these, so they are written as text at once.
events::NewEvent state_event(const Transition& transition) {
    const JobBrief& job = transition.job;
    auto event = event_of_type(job.id, "state");
    const bool canceling = transition.cancel_was_requested && job.state == JobState::Running;
    const auto status = canceling ? "canceling" : to_text(job.state);
    event.message.append("job ").append(status);
    if (job.state == JobState::Failed) event.level = events::Level::Error;
    if (job.state == JobState::Retrying) event.level = events::Level::Warning;
    auto& data = event.more_data;
    data.reserve(128);
    add_text(data, "\"status\":", status);
    add_number(data, ",\"attempt\":", job.counters.attempt);
    add_number(data, ",\"job_seq\":", static_cast<std::int64_t>(transition.seq));
    add_number(data, ",\"retry_count\":", job.counters.retry_count);
    if (!job.worker.empty() && job.state == JobState::Running) {
        add_text(data, ",\"worker_id\":", job.worker);
    }
    if (transition.error && job.state != JobState::Running && job.state != JobState::Succeeded) {
        add_error(data, *transition.error);
    }
    if (!transition.output || job.state != JobState::Succeeded) return event;
    const auto output = write_json(*transition.output);
    if (output.size() <= limits::kEventOutputBytesMax) data += ",\"output\":" + output;
    return event;
}

events::NewEvent log_event(JobId job, std::uint32_t attempt, std::uint64_t seq,
                           const LogLine& line) {
    auto event = event_of_type(job, "log");
    std::string text = clean(line.bytes);
    event.level = line.stream == LogStream::Stderr ? events::Level::Error : events::Level::Info;
    event.message = text;
    event.data["stream"] = json_text(to_text(line.stream));
    event.data["line"] = std::move(text);
    event.data["job_seq"] = seq;
    event.data["attempt"] = attempt;
    if (line.part) event.data["part"] = true;
    return event;
}

events::NewEvent progress_event(JobId job, const Progress& progress) {
    auto event = event_of_type(job, "progress");
    event.message = progress.message;
    event.data["progress"] = std::clamp(progress.fraction, 0.0, 1.0);
    return event;
}

events::NewEvent artifact_event(JobId job, const Artifact& artifact) {
    auto event = event_of_type(job, "artifact");
    event.message = "artifact " + artifact.name;
    event.data["name"] = artifact.name;
    event.data["sha256"] = artifact.sha256.to_string();
    event.data["size"] = artifact.size;
    return event;
}

}  // namespace zs::jobs
