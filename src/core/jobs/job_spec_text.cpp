#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/jobs/job_spec.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <limits>

namespace zs::jobs {
namespace json = boost::json;
namespace {

json::array array_of(const std::vector<std::string>& texts) {
    json::array out;
    out.reserve(texts.size());
    for (const auto& text : texts)
        out.emplace_back(text);
    return out;
}

json::object object_of(const std::map<std::string, std::string>& texts) {
    json::object out;
    for (const auto& [name, text] : texts)
        out.emplace(name, text);
    return out;
}

void put_limits(json::object& out, const JobSpec& spec) {
    if (spec.concurrency) {
        json::object limit;
        limit["key"] = spec.concurrency->key;
        limit["max"] = spec.concurrency->max;
        out["concurrency"] = std::move(limit);
    }
    if (spec.rate) {
        json::object limit;
        limit["key"] = spec.rate->key;
        limit["per_minute"] = spec.rate->per_minute;
        out["rate"] = std::move(limit);
    }
    if (!spec.unique_key.empty()) out["unique_key"] = spec.unique_key;
    if (spec.on_conflict != OnConflict::Return) {
        out["on_conflict"] = json_text(to_text(spec.on_conflict));
    }
    if (spec.depends_on.empty()) return;
    json::array all;
    for (const auto& dependency : spec.depends_on) {
        json::object one;
        one["job_id"] = dependency.job.to_string();
        one["when"] = json_text(to_text(dependency.when));
        all.push_back(std::move(one));
    }
    out["depends_on"] = std::move(all);
}

void put_retry(json::object& out, const RetryRules& rules) {
    json::object retry;
    if (rules.initial) retry["initial_ms"] = rules.initial->count();
    if (rules.multiplier) retry["multiplier"] = *rules.multiplier;
    if (rules.max) retry["max_ms"] = rules.max->count();
    if (!rules.no_retry_exit_codes.empty()) {
        json::array codes;
        for (const int code : rules.no_retry_exit_codes)
            codes.emplace_back(code);
        retry["no_retry_exit_codes"] = std::move(codes);
    }
    if (!retry.empty()) out["retry"] = std::move(retry);
}

void put_resources(json::object& out, const ResourceLimits& limits) {
    json::object resources;
    const auto put = [&](const char* field, std::uint64_t amount) {
        if (amount != 0) resources[field] = amount;
    };
    put("memory_mb", limits.memory_mb);
    put("cpu_secs", limits.cpu_secs);
    put("file_size_mb", limits.file_size_mb);
    put("open_files", limits.open_files);
    put("processes", limits.processes);
    if (!resources.empty()) out["resources"] = std::move(resources);
}

}  // namespace

// What is as by default is left out; the input goes as text, so that it comes back byte for byte.
std::string to_stored_text(const JobSpec& spec) {
    json::object out;
    out["command"] = array_of(spec.command);
    if (spec.input != "null") out["input_text"] = spec.input;
    if (!spec.env.empty()) out["env"] = object_of(spec.env);
    out["timeout_secs"] = spec.timeout.count();
    out["max_retries"] = spec.max_retries;
    if (!spec.metadata.empty()) out["metadata"] = spec.metadata;
    if (!spec.name.empty()) out["name"] = spec.name;
    if (!spec.tags.empty()) out["tags"] = array_of(spec.tags);
    if (spec.priority != 0) out["priority"] = spec.priority;
    if (spec.run_at) out["run_at"] = to_rfc3339(*spec.run_at);
    put_limits(out, spec);
    put_retry(out, spec.retry);
    if (!spec.files.empty()) out["files"] = object_of(spec.files);
    put_resources(out, spec.resources);
    if (spec.sandbox != SandboxTier::L0) out["sandbox"] = json_text(to_text(spec.sandbox));
    if (!spec.requires_labels.empty()) out["requires"] = array_of(spec.requires_labels);
    if (spec.kind != "process") out["kind"] = spec.kind;
    return write_json(out);
}

Result<JobSpec> parse_stored_spec(std::string_view text) {
    boost::system::error_code failed;
    json::parse_options options;
    options.max_depth = 128;
    auto value = json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
    if (failed || !value.is_object()) {
        return data_loss("a stored job specification is not a JSON object");
    }
    auto& object = value.get_object();
    // A program without arguments of its own kind has no command.
    const auto* command = object.if_contains("command");
    if (command != nullptr && command->is_array() && command->get_array().empty()) {
        object.erase("command");
    }
    SpecDefaults any;
    any.timeout_max = Seconds(std::numeric_limits<std::int32_t>::max());
    // So late that no stored run_at lies more than a year ahead of it.
    const Timestamp late(Millis(std::numeric_limits<std::int64_t>::max() / 4));
    auto spec = parse_job_spec(object, any, late);
    if (!spec) return data_loss("a stored job specification is damaged: " + spec.error().message);
    if (const auto* input = object.if_contains("input_text"); input && input->is_string()) {
        spec->input.assign(input->get_string().data(), input->get_string().size());
    }
    return spec;
}

}  // namespace zs::jobs
