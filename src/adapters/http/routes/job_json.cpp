#include "adapters/http/routes/job_json.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_codec.hpp"

#include <algorithm>

namespace zs::http {
namespace json = boost::json;

namespace {

constexpr std::string_view kMask = "***";

json::value text_or_null(std::string_view text) {
    if (text.empty()) return nullptr;
    return json_text(text);
}

json::object show_env(const std::map<std::string, std::string>& env, EnvShown shown) {
    json::object out;
    for (const auto& [name, value] : env)
        out.emplace(name, json_text(shown == EnvShown::Clear ? std::string_view(value) : kMask));
    return out;
}

// The same for a specification as it was submitted.
json::object with_env_shown(json::object spec, EnvShown shown) {
    if (shown == EnvShown::Clear) return spec;
    auto* env = spec.if_contains("env");
    if (env == nullptr || !env->is_object()) return spec;
    for (auto& member : env->get_object())
        member.value() = json_text(kMask);
    return spec;
}

void show_limits(const jobs::JobSpec& spec, json::object& out) {
    if (spec.concurrency) {
        out.emplace("concurrency", json::object{{"key", json_text(spec.concurrency->key)},
                                                {"max", spec.concurrency->max}});
    }
    if (spec.rate) {
        out.emplace("rate", json::object{{"key", json_text(spec.rate->key)},
                                         {"per_minute", spec.rate->per_minute}});
    }
    if (!spec.unique_key.empty()) {
        out.emplace("unique_key", json_text(spec.unique_key));
        out.emplace("on_conflict", json_text(to_text(spec.on_conflict)));
    }
    if (!spec.depends_on.empty()) {
        json::array all;
        for (const auto& dependency : spec.depends_on) {
            all.push_back(json::object{{"job_id", json_text(dependency.job.to_string())},
                                       {"when", json_text(to_text(dependency.when))}});
        }
        out.emplace("depends_on", std::move(all));
    }
}

json::object show_retry(const jobs::RetryRules& rules) {
    json::object out;
    if (rules.initial) out.emplace("initial_ms", rules.initial->count());
    if (rules.multiplier) out.emplace("multiplier", *rules.multiplier);
    if (rules.max) out.emplace("max_ms", rules.max->count());
    if (!rules.no_retry_exit_codes.empty())
        out.emplace("no_retry_exit_codes", encode_json(rules.no_retry_exit_codes));
    return out;
}

json::object show_resources(const jobs::ResourceLimits& limits) {
    json::object out;
    const auto add = [&out](const char* name, std::uint64_t value) {
        if (value != 0) out.emplace(name, value);
    };
    add("memory_mb", limits.memory_mb);
    add("cpu_secs", limits.cpu_secs);
    add("file_size_mb", limits.file_size_mb);
    add("open_files", limits.open_files);
    add("processes", limits.processes);
    return out;
}

// What the contract names first is always there; the rest when the submitter set it.
json::object show_spec(const jobs::Job& job, EnvShown env) {
    const jobs::JobSpec& spec = job.spec;
    json::object out;
    out.emplace("org_id", json_text(job.tenant.org_id));
    out.emplace("command", encode_json(spec.command));
    out.emplace("cmd", encode_json(spec.command));
    auto input = parse_json(spec.input);
    out.emplace("input", input ? std::move(*input) : json::value(nullptr));
    out.emplace("env", show_env(spec.env, env));
    out.emplace("timeout_secs", spec.timeout.count());
    out.emplace("max_retries", spec.max_retries);
    out.emplace("metadata", spec.metadata);
    if (!spec.name.empty()) out.emplace("name", json_text(spec.name));
    if (!spec.tags.empty()) out.emplace("tags", encode_json(spec.tags));
    if (spec.priority != 0) out.emplace("priority", spec.priority);
    if (spec.run_at) out.emplace("run_at", json_text(to_rfc3339(*spec.run_at)));
    show_limits(spec, out);
    if (auto retry = show_retry(spec.retry); !retry.empty()) out.emplace("retry", std::move(retry));
    if (!spec.files.empty()) out.emplace("files", encode_json(spec.files));
    if (auto resources = show_resources(spec.resources); !resources.empty())
        out.emplace("resources", std::move(resources));
    if (spec.sandbox != jobs::SandboxTier::L0)
        out.emplace("sandbox", json_text(to_text(spec.sandbox)));
    if (!spec.requires_labels.empty()) out.emplace("requires", encode_json(spec.requires_labels));
    if (spec.kind != "process") out.emplace("kind", json_text(spec.kind));
    return out;
}

json::value show_error(const std::optional<jobs::JobError>& error) {
    if (!error) return nullptr;
    json::object out;
    out.emplace("code", json_text(to_text(error->code)));
    out.emplace("message", json_text(error->message));
    if (error->exit_code) out.emplace("exit_code", *error->exit_code);
    if (error->signal) out.emplace("signal", *error->signal);
    return out;
}

void show_times(const jobs::Job& job, json::object& out) {
    const bool retrying = job.state == jobs::JobState::Retrying;
    const auto next_attempt = retrying ? std::optional(job.eligible_at) : std::nullopt;
    out.emplace("created_at", encode_json(job.created_at));
    out.emplace("updated_at", encode_json(job.updated_at));
    out.emplace("run_at", encode_json(job.spec.run_at));
    out.emplace("started_at", encode_json(job.started_at));
    out.emplace("completed_at", encode_json(job.completed_at));
    out.emplace("next_attempt_at", encode_json(next_attempt));
    out.emplace("lease_expires_at", encode_json(job.lease_expires_at));
    out.emplace("cancel_requested_at", encode_json(job.cancel_requested_at));
}

}  // namespace

EnvShown env_shown(const identity::Principal& caller,
                   const std::optional<identity::UserId>& owner) {
    const bool own = owner && *owner == caller.user_id;
    const bool trusted =
        caller.rights && caller.rights->allows(identity::Resource::Jobs, identity::Right::Update);
    return own || trusted ? EnvShown::Clear : EnvShown::Masked;
}

json::object show_job(const jobs::Job& job, std::optional<jobs::Waiting> waiting, EnvShown env) {
    json::object out;
    out.emplace("id", json_text(job.id.to_string()));
    out.emplace("job_id", json_text(job.id.to_string()));
    out.emplace("state", json_text(to_text(job.state)));
    out.emplace("waiting", waiting ? json_text(to_text(*waiting)) : json::value(nullptr));
    out.emplace("attempt", job.counters.attempt);
    out.emplace("retry_count", job.counters.retry_count);
    out.emplace("lost_leases", job.counters.lost_leases);
    out.emplace("priority", job.spec.priority);
    out.emplace("spec", show_spec(job, env));
    show_times(job, out);
    out.emplace("worker_id", text_or_null(job.worker));
    out.emplace("sandbox", job.sandbox ? json_text(to_text(*job.sandbox)) : json::value(nullptr));
    out.emplace("submitted_by", encode_json(job.submitted_by));
    out.emplace("output", job.output.value_or(json::value(nullptr)));
    out.emplace("exit_code", encode_json(job.exit_code));
    out.emplace("error", show_error(job.error));
    out.emplace("error_message", job.error ? json_text(job.error->message) : json::value(nullptr));
    out.emplace("log_count", job.log_count);
    out.emplace("logs_truncated", job.logs_truncated);
    out.emplace("artifact_count", job.artifact_count);
    out.emplace("schedule_id", encode_json(job.schedule_id));
    return out;
}

json::object show_submitted(const jobs::Submitted& submitted) {
    json::object out;
    out.emplace("job_id", json_text(submitted.id.to_string()));
    out.emplace("id", json_text(submitted.id.to_string()));
    out.emplace("state", json_text(to_text(submitted.state)));
    out.emplace("deduplicated", submitted.deduplicated);
    return out;
}

json::object show_why(const jobs::Why& why) {
    json::array reasons;
    for (const auto& blocker : why.reasons) {
        json::object reason;
        reason.emplace("rule", json_text(blocker.rule));
        if (blocker.limit) reason.emplace("limit", *blocker.limit);
        if (!blocker.held_by.empty()) reason.emplace("held_by", encode_json(blocker.held_by));
        if (blocker.until) reason.emplace("until", encode_json(*blocker.until));
        if (!blocker.detail.empty()) reason.emplace("detail", json_text(blocker.detail));
        reasons.push_back(std::move(reason));
    }
    json::object out;
    out.emplace("state", json_text(to_text(why.state)));
    out.emplace("waiting", why.waiting ? json_text(to_text(*why.waiting)) : json::value(nullptr));
    out.emplace("reasons", std::move(reasons));
    return out;
}

json::object show_artifact(const jobs::ArtifactRecord& record) {
    json::object out;
    out.emplace("name", json_text(record.artifact.name));
    out.emplace("sha256", json_text(record.artifact.sha256.to_string()));
    out.emplace("size", record.artifact.size);
    out.emplace("attempt", record.attempt);
    out.emplace("created_at", encode_json(record.created_at));
    return out;
}

json::object show_template(const jobs::JobTemplate& shown, EnvShown env) {
    json::object out;
    out.emplace("name", json_text(shown.name));
    out.emplace("description", text_or_null(shown.description));
    out.emplace("spec", with_env_shown(shown.spec, env));
    out.emplace("params_schema",
                shown.params_schema ? json::value(*shown.params_schema) : json::value(nullptr));
    out.emplace("created_by", encode_json(shown.created_by));
    out.emplace("created_at", encode_json(shown.created_at));
    out.emplace("updated_at", encode_json(shown.updated_at));
    return out;
}

json::object show_schedule(const jobs::ScheduleView& view, EnvShown env) {
    const jobs::JobSchedule& schedule = view.schedule;
    json::object out;
    out.emplace("id", encode_json(schedule.id));
    out.emplace("name", json_text(schedule.name));
    out.emplace("spec", with_env_shown(schedule.spec, env));
    out.emplace("cron_expression", json_text(schedule.cron_expression));
    out.emplace("timezone", json_text(schedule.timezone));
    out.emplace("is_active", schedule.is_active);
    out.emplace("overlap", json_text(to_text(schedule.overlap)));
    out.emplace("catchup", json_text(to_text(schedule.catch_up)));
    out.emplace("catchup_window_secs", schedule.catch_up_window.count());
    out.emplace("jitter_secs", schedule.jitter.count());
    out.emplace("start_at", encode_json(schedule.start_at));
    out.emplace("end_at", encode_json(schedule.end_at));
    out.emplace("created_by", encode_json(schedule.created_by));
    out.emplace("created_at", encode_json(schedule.created_at));
    out.emplace("updated_at", encode_json(schedule.updated_at));
    out.emplace("next_run_at", encode_json(view.next_run_at));
    out.emplace("last_run_at", encode_json(schedule.last_run_at));
    out.emplace("last_job_id", encode_json(schedule.last_job_id));
    out.emplace("last_error", text_or_null(schedule.last_error));
    return out;
}

json::object show_worker(const jobs::WorkerInfo& worker) {
    json::object out;
    out.emplace("worker_id", json_text(worker.id));
    out.emplace("mode", json_text(worker.mode));
    out.emplace("labels", encode_json(worker.labels));
    out.emplace("kinds", encode_json(worker.kinds));
    out.emplace("sandbox", json_text(to_text(worker.sandbox)));
    out.emplace("slots", worker.slots);
    out.emplace("busy", worker.busy);
    out.emplace("last_seen_at", encode_json(worker.last_seen_at));
    out.emplace("draining", worker.draining);
    out.emplace("healthy", worker.healthy);
    return out;
}

std::string readable_line(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto c = static_cast<unsigned char>(bytes.front());
        std::size_t length = 1;
        if (c >= 0x80) {
            length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            const auto point = bytes.substr(0, length);
            const bool whole = c >= 0xC0 && is_utf8(point);
            if (!whole) length = 1;
            out += whole ? point : std::string_view("\xEF\xBF\xBD");
        } else if (c != 0) {
            out += static_cast<char>(c);
        }
        bytes.remove_prefix(std::min(length, bytes.size()));
    }
    return out;
}

void append_log_entry(std::string& out, const jobs::LogEntry& entry) {
    out += "{\"seq\":" + std::to_string(entry.seq) + ",\"ts\":\"" + to_rfc3339(entry.line.at)
           + "\",\"attempt\":" + std::to_string(entry.attempt) + ",\"stream\":\"";
    out += to_text(entry.line.stream);
    out += "\",\"line\":";
    append_json_string(out, readable_line(entry.line.bytes));
    if (entry.line.part) out += ",\"part\":true";
    out += '}';
}

}  // namespace zs::http
