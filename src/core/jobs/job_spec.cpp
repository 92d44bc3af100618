#include "core/jobs/job_spec.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/files/digest.hpp"
#include "core/jobs/field_reader.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace zs::jobs {
namespace json = boost::json;
namespace {

bool is_env_name(std::string_view name) {
    if (name.empty() || name.size() > limits::kEnvNameBytesMax) return false;
    if (name.front() >= '0' && name.front() <= '9') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
               || c == '_';
    });
}

// Relative, with '/', nothing that leaves the directory.
bool is_inner_path(std::string_view path) {
    if (path.empty() || path.size() > limits::kPathBytesMax || path.front() == '/') return false;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const auto end = std::min(path.find('/', begin), path.size());
        const auto part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
        begin = end + 1;
    }
    return std::none_of(path.begin(), path.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void read_command(FieldReader& in, JobSpec& spec) {
    const auto* command = in.at("command");
    const auto* alias = in.at("cmd");
    if (command != nullptr && alias != nullptr && *command != *alias) {
        in.refuse("cmd", "must equal 'command' when both are given");
        return;
    }
    const std::string field = command != nullptr ? "command" : "cmd";
    if (command == nullptr && alias == nullptr) {
        in.fail(invalid_field("command", "'command' is required: the program and its arguments",
                              "command_required"));
        return;
    }
    auto items = in.get<std::vector<std::string>>(field);
    if (!items) return;
    if (items->empty()) {
        in.fail(invalid_field("command", "'command' must not be empty", "command_required"));
        return;
    }
    if (items->size() > limits::kCommandItemsMax) in.refuse(field, "must have at most 256 items");
    if (items->front().empty()) in.refuse(field + "[0]", "must not be empty");
    std::size_t bytes = 0;
    for (const auto& item : *items) {
        bytes += item.size();
        if (item.find('\0') != std::string::npos) in.refuse(field, "must not hold NUL");
    }
    if (bytes > limits::kCommandBytesMax) in.refuse(field, "must have at most 128 KiB in all");
    spec.command = std::move(*items);
}

void read_env(FieldReader& in, JobSpec& spec) {
    auto env = in.get<std::map<std::string, std::string>>("env");
    if (!env) return;
    std::size_t bytes = 0;
    for (const auto& [name, value] : *env) {
        if (!is_env_name(name)) {
            in.refuse("env",
                      "must have names of letters, digits and _, at most 128, not starting "
                      "with a digit");
            return;
        }
        if (name.starts_with("ZJOB_")) {
            in.refuse("env." + name, "is the worker's own: names must not start with ZJOB_");
        }
        if (value.find('\0') != std::string::npos) in.refuse("env." + name, "must not hold NUL");
        bytes += name.size() + value.size();
    }
    if (env->size() > limits::kEnvEntriesMax) in.refuse("env", "must have at most 256 entries");
    if (bytes > limits::kEnvBytesMax) in.refuse("env", "must have at most 64 KiB in all");
    spec.env = std::move(*env);
}

void read_payload(FieldReader& in, JobSpec& spec) {
    if (const auto* input = in.at("input")) {
        spec.input = write_json(*input);
        if (spec.input.size() > limits::kInputBytesMax) {
            in.refuse("input", "must have at most 1 MiB");
        }
    }
    if (const auto* metadata = in.object("metadata")) {
        spec.metadata = *metadata;
        if (write_json(*metadata).size() > limits::kMetadataBytesMax) {
            in.refuse("metadata", "must have at most 16 KiB");
        }
    }
    if (auto files = in.get<std::map<std::string, std::string>>("files")) {
        if (files->size() > limits::kFilesMax) in.refuse("files", "must have at most 1000 entries");
        for (auto& [path, sha] : *files) {
            if (!is_inner_path(path)) {
                in.refuse("files", "must have relative paths without '.' and '..' as names");
            }
            auto digest = files::Digest::parse(sha);
            if (!digest) {
                in.refuse("files." + path, "must be a SHA-256 in hexadecimal");
            } else {
                sha = digest->to_string();
            }
        }
        spec.files = std::move(*files);
    }
}

std::optional<std::string> read_key(FieldReader& in, std::string_view field) {
    auto key = in.text(field, limits::kKeyBytesMax);
    if (key && key->empty()) in.refuse(field, "must not be empty");
    return key;
}

void read_limits(FieldReader& in, JobSpec& spec) {
    if (const auto* object = in.object("concurrency")) {
        FieldReader inner(*object, "concurrency");
        ConcurrencyLimit limit;
        auto key = read_key(inner, "key");
        if (!key) inner.reject("key", "is missing");
        const auto max = inner.integer("max", 1, limits::kConcurrencyMax);
        if (!inner.ok()) return in.fail(inner.take_error());
        limit.key = std::move(*key);
        limit.max = static_cast<std::uint32_t>(max.value_or(1));
        spec.concurrency = std::move(limit);
    }
    if (const auto* object = in.object("rate")) {
        FieldReader inner(*object, "rate");
        RateLimit limit;
        auto key = read_key(inner, "key");
        if (!key) inner.reject("key", "is missing");
        const auto most = inner.integer("per_minute", 1, limits::kPerMinuteMax);
        if (inner.ok() && !most) inner.reject("per_minute", "is missing");
        if (!inner.ok()) return in.fail(inner.take_error());
        limit.key = std::move(*key);
        limit.per_minute = static_cast<std::uint32_t>(*most);
        spec.rate = std::move(limit);
    }
    spec.unique_key = read_key(in, "unique_key").value_or("");
    spec.on_conflict = in.word<OnConflict>("on_conflict", on_conflict, "return, replace, error")
                           .value_or(OnConflict::Return);
}

void read_dependencies(FieldReader& in, JobSpec& spec) {
    const auto* value = in.at("depends_on");
    if (value == nullptr) return;
    if (!value->is_array()) return in.reject("depends_on", "must be an array");
    const auto& items = value->get_array();
    if (items.size() > limits::kDependenciesMax) {
        return in.refuse("depends_on", "must have at most 100 entries");
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string path = "depends_on[" + std::to_string(i) + "]";
        Dependency dependency;
        const json::value* id = &items[i];
        if (const auto* object = items[i].if_object()) {
            FieldReader inner(*object, path);
            dependency.when =
                inner.word<DependsWhen>("when", depends_when, "succeeded, failed, finished")
                    .value_or(DependsWhen::Succeeded);
            if (!inner.ok()) return in.fail(inner.take_error());
            id = object->if_contains("job_id");
        }
        if (id == nullptr || !id->is_string()) {
            return in.reject(path, "must be the id of a job, or {job_id, when}");
        }
        auto uuid = Uuid::parse({id->get_string().data(), id->get_string().size()});
        if (!uuid) return in.refuse(path, "must be the id of a job");
        dependency.job = *uuid;
        const bool twice = std::any_of(spec.depends_on.begin(), spec.depends_on.end(),
                                       [&](const auto& d) { return d.job == dependency.job; });
        if (twice) return in.refuse(path, "must not name a job twice");
        spec.depends_on.push_back(dependency);
    }
}

void read_retry(FieldReader& in, JobSpec& spec) {
    const auto* object = in.object("retry");
    if (object == nullptr) return;
    FieldReader inner(*object, "retry");
    const auto most = limits::kBackoffMax.count();
    if (const auto initial = inner.integer("initial_ms", 0, most)) {
        spec.retry.initial = Millis(*initial);
    }
    if (const auto max = inner.integer("max_ms", 0, most)) spec.retry.max = Millis(*max);
    if (const auto multiplier = inner.get<double>("multiplier")) {
        if (!(*multiplier >= 1 && *multiplier <= limits::kBackoffMultiplierMax)) {
            inner.refuse("multiplier", "must be between 1 and 10");
        }
        spec.retry.multiplier = *multiplier;
    }
    if (auto codes = inner.get<std::vector<int>>("no_retry_exit_codes")) {
        if (codes->size() > limits::kNoRetryCodesMax) {
            inner.refuse("no_retry_exit_codes", "must have at most 64 entries");
        }
        spec.retry.no_retry_exit_codes = std::move(*codes);
    }
    if (!inner.ok()) in.fail(inner.take_error());
}

void read_place(FieldReader& in, JobSpec& spec) {
    if (const auto* object = in.object("resources")) {
        FieldReader inner(*object, "resources");
        const auto amount = [&](std::string_view field) {
            return static_cast<std::uint64_t>(
                inner.integer(field, 0, std::int64_t{1} << 40).value_or(0));
        };
        spec.resources.memory_mb = amount("memory_mb");
        spec.resources.cpu_secs = amount("cpu_secs");
        spec.resources.file_size_mb = amount("file_size_mb");
        spec.resources.open_files = amount("open_files");
        spec.resources.processes = amount("processes");
        if (!inner.ok()) return in.fail(inner.take_error());
    }
    spec.sandbox =
        in.word<SandboxTier>("sandbox", sandbox_tier, "L0, L1, L2, L3").value_or(SandboxTier::L0);
    spec.requires_labels = in.texts("requires", limits::kLabelsMax, limits::kLabelBytesMax);
    std::sort(spec.requires_labels.begin(), spec.requires_labels.end());
    spec.kind = in.text("kind", limits::kNameBytesMax).value_or("process");
    if (spec.kind.empty()) in.refuse("kind", "must not be empty");
    if (in.at("docker") != nullptr) {
        Error error = unprocessable("no worker runs container jobs", "docker");
        error.reason = "no_worker";
        in.fail(std::move(error));
    }
}

void read_times(FieldReader& in, JobSpec& spec, std::optional<Timestamp> now) {
    const auto at = in.get<Timestamp>("run_at");
    const auto delay = in.integer("delay_secs", 0, limits::kRunAheadMax.count());
    if (at && delay) return in.refuse("delay_secs", "must not stand beside 'run_at'");
    if (at) spec.run_at = *at;
    if (delay && now) spec.run_at = *now + Seconds(*delay);
    if (spec.run_at && now && *spec.run_at > *now + limits::kRunAheadMax) {
        in.refuse("run_at", "must be at most one year ahead");
    }
}

}  // namespace

Result<JobSpec> parse_job_spec(const json::object& object, const SpecDefaults& defaults,
                               Timestamp now) {
    FieldReader in(object);
    JobSpec spec;
    const auto kind = in.get<std::string>("kind");
    if (!kind || *kind == "process" || in.at("command") != nullptr) read_command(in, spec);
    read_env(in, spec);
    read_payload(in, spec);
    spec.timeout = Seconds(in.integer("timeout_secs", 1, defaults.timeout_max.count())
                               .value_or(defaults.timeout.count()));
    spec.max_retries = static_cast<std::uint32_t>(
        in.integer("max_retries", 0, limits::kRetriesMax).value_or(defaults.max_retries));
    spec.name = in.text("name", limits::kNameBytesMax).value_or("");
    spec.tags = in.texts("tags", limits::kTagsMax, limits::kTagBytesMax);
    spec.priority = static_cast<std::int16_t>(
        in.integer("priority", -limits::kPriorityMax, limits::kPriorityMax).value_or(0));
    read_times(in, spec, now);
    read_limits(in, spec);
    read_dependencies(in, spec);
    read_retry(in, spec);
    read_place(in, spec);
    if (!in.ok()) return in.take_error();
    return spec;
}

}  // namespace zs::jobs
