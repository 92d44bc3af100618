#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "core/jobs/job_spec.hpp"
#include "core/jobs/limits.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace zs::jobs {
namespace json = boost::json;
namespace {

// What a stored specification means that does not say it: never to be changed.
constexpr Seconds kUnsaidTimeout{300};
constexpr std::uint32_t kUnsaidRetries = 3;

// Every submit writes one, so what most specifications have is put together without an object.
void put_texts(std::string& out, const std::vector<std::string>& texts) {
    out += '[';
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, texts[i]);
    }
    out += ']';
}

void put_texts(std::string& out, const std::map<std::string, std::string>& texts) {
    out += '{';
    bool first = true;
    for (const auto& [name, text] : texts) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, name);
        out += ':';
        append_json_string(out, text);
    }
    out += '}';
}

void put_text(std::string& out, std::string_view field, std::string_view text) {
    out += field;
    append_json_string(out, text);
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
    std::string out;
    out.reserve(256 + spec.input.size());
    out += "{\"command\":";
    put_texts(out, spec.command);
    if (spec.input != "null") put_text(out, ",\"input_text\":", spec.input);
    if (!spec.env.empty()) {
        out += ",\"env\":";
        put_texts(out, spec.env);
    }
    if (spec.timeout != kUnsaidTimeout) {
        out += ",\"timeout_secs\":" + std::to_string(spec.timeout.count());
    }
    if (spec.max_retries != kUnsaidRetries) {
        out += ",\"max_retries\":" + std::to_string(spec.max_retries);
    }
    if (!spec.metadata.empty()) {
        out += ",\"metadata\":";
        append_json(out, spec.metadata);
    }
    if (!spec.name.empty()) put_text(out, ",\"name\":", spec.name);
    if (!spec.tags.empty()) {
        out += ",\"tags\":";
        put_texts(out, spec.tags);
    }
    if (spec.priority != 0) out += ",\"priority\":" + std::to_string(spec.priority);
    if (spec.run_at) put_text(out, ",\"run_at\":", to_rfc3339(*spec.run_at));
    if (!spec.files.empty()) {
        out += ",\"files\":";
        put_texts(out, spec.files);
    }
    if (spec.sandbox != SandboxTier::L0) put_text(out, ",\"sandbox\":", to_text(spec.sandbox));
    if (!spec.requires_labels.empty()) {
        out += ",\"requires\":";
        put_texts(out, spec.requires_labels);
    }
    if (spec.kind != "process") put_text(out, ",\"kind\":", spec.kind);
    json::object rest;
    put_limits(rest, spec);
    put_retry(rest, spec.retry);
    put_resources(rest, spec.resources);
    for (const auto& [field, value] : rest) {
        out += ",\"";
        out.append(field.data(), field.size());
        out += "\":";
        append_json(out, value);
    }
    out += '}';
    return out;
}

namespace {

bool read_usual(const json::value& value, std::string& out) {
    const auto* text = value.if_string();
    if (text != nullptr) out.assign(text->data(), text->size());
    return text != nullptr;
}

bool read_usual(const json::value& value, std::vector<std::string>& out) {
    const auto* items = value.if_array();
    if (items == nullptr) return false;
    out.resize(items->size());
    std::size_t at = 0;
    return std::all_of(items->begin(), items->end(),
                       [&](const auto& item) { return read_usual(item, out[at++]); });
}

bool read_usual(const json::value& value, std::map<std::string, std::string>& out) {
    const auto* members = value.if_object();
    if (members == nullptr) return false;
    return std::all_of(members->begin(), members->end(), [&](const auto& member) {
        const auto key = member.key();
        return read_usual(member.value(), out[std::string(key.data(), key.size())]);
    });
}

bool read_usual(const json::value& value, json::object& out) {
    const auto* members = value.if_object();
    if (members != nullptr) out = *members;
    return members != nullptr;
}

// What nearly every specification consists of, as we write it. False: it has something else, too,
// and is read as one that comes from outside.
bool read_usual(const json::object& object, JobSpec& spec) {
    for (const auto& member : object) {
        const std::string_view field(member.key().data(), member.key().size());
        const auto& value = member.value();
        const auto* number = value.if_int64();
        bool known = false;
        if (field == "command") known = read_usual(value, spec.command);
        if (field == "input_text") known = read_usual(value, spec.input);
        if (field == "env") known = read_usual(value, spec.env);
        if (field == "metadata") known = read_usual(value, spec.metadata);
        if (field == "name") known = read_usual(value, spec.name);
        if (field == "tags") known = read_usual(value, spec.tags);
        if (field == "timeout_secs" && number != nullptr) {
            spec.timeout = Seconds(*number);
            known = *number >= 1;
        }
        if (field == "max_retries" && number != nullptr) {
            spec.max_retries = static_cast<std::uint32_t>(*number);
            known = *number >= 0 && *number <= limits::kRetriesMax;
        }
        if (!known) return false;
    }
    return !spec.command.empty();
}

}  // namespace

Result<JobSpec> parse_stored_spec(std::string_view text) {
    boost::system::error_code failed;
    json::parse_options options;
    options.max_depth = 128;
    // Freed at once: nothing of it is kept.
    std::array<unsigned char, 2048> room;
    json::monotonic_resource memory(room.data(), room.size());
    auto value = json::parse(json::string_view(text.data(), text.size()), failed, &memory, options);
    if (failed || !value.is_object()) {
        return data_loss("a stored job specification is not a JSON object");
    }
    auto& object = value.get_object();
    JobSpec usual;
    usual.timeout = kUnsaidTimeout;
    usual.max_retries = kUnsaidRetries;
    if (read_usual(object, usual)) return usual;
    // A program without arguments of its own kind has no command.
    const auto* command = object.if_contains("command");
    if (command != nullptr && command->is_array() && command->get_array().empty()) {
        object.erase("command");
    }
    SpecDefaults any;
    any.timeout = kUnsaidTimeout;
    any.max_retries = kUnsaidRetries;
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
