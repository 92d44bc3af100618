#include "core/jobs/job_events.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/jobs/limits.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace zs::jobs {
namespace json = boost::json;
namespace {

events::NewEvent event_of_type(JobId job, const char* type) {
    events::NewEvent event;
    event.topic.family = events::TopicFamily::Jobs;
    event.topic.name = job.to_string();
    event.type = type;
    event.data["event"] = type;
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

}  // namespace

events::NewEvent state_event(const Transition& transition) {
    const JobBrief& job = transition.job;
    auto event = event_of_type(job.id, "state");
    const bool canceling = transition.cancel_was_requested && job.state == JobState::Running;
    const std::string status = canceling ? "canceling" : std::string(to_text(job.state));
    event.message = "job " + status;
    if (job.state == JobState::Failed) event.level = events::Level::Error;
    if (job.state == JobState::Retrying) event.level = events::Level::Warning;
    event.data["status"] = status;
    event.data["attempt"] = job.counters.attempt;
    event.data["job_seq"] = transition.seq;
    event.data["retry_count"] = job.counters.retry_count;
    if (!job.worker.empty() && job.state == JobState::Running) event.data["worker_id"] = job.worker;
    if (transition.error && job.state != JobState::Running && job.state != JobState::Succeeded) {
        json::object error;
        error["code"] = json_text(to_text(transition.error->code));
        error["message"] = transition.error->message;
        if (transition.error->exit_code) error["exit_code"] = *transition.error->exit_code;
        if (transition.error->signal) error["signal"] = *transition.error->signal;
        event.data["reason"] = transition.error->message;
        event.data["error"] = std::move(error);
    }
    if (transition.output && job.state == JobState::Succeeded
        && write_json(*transition.output).size() <= limits::kEventOutputBytesMax) {
        event.data["output"] = *transition.output;
    }
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
