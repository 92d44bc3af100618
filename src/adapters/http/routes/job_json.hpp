#pragma once

#include "core/identity/principal.hpp"
#include "core/jobs/job_queue.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/jobs/template_store.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

// How jobs and what belongs to them look to clients. Source: jobs.md sections 2, 5, 9 and 10.
namespace zs::http {

// Values of `env` often are secrets: whoever neither submitted the job nor may change jobs reads
// "***".
enum class EnvShown : std::uint8_t { Clear, Masked };
EnvShown env_shown(const identity::Principal& caller, const std::optional<identity::UserId>& owner);

boost::json::object show_job(const jobs::Job& job, std::optional<jobs::Waiting> waiting,
                             EnvShown env);
boost::json::object show_submitted(const jobs::Submitted& submitted);
boost::json::object show_why(const jobs::Why& why);
boost::json::object show_artifact(const jobs::ArtifactRecord& record);
boost::json::object show_template(const jobs::JobTemplate& shown, EnvShown env);
boost::json::object show_schedule(const jobs::ScheduleView& view, EnvShown env);
boost::json::object show_worker(const jobs::WorkerInfo& worker);

// A line of a log as text: what is no UTF-8 becomes U+FFFD, NUL is dropped.
std::string readable_line(std::string_view bytes);
// {"seq":…,"ts":…,"attempt":…,"stream":…,"line":…}
void append_log_entry(std::string& out, const jobs::LogEntry& entry);

}  // namespace zs::http
