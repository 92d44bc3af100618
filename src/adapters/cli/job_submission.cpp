#include "adapters/cli/jobs_commands.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>

#include <charconv>
#include <fstream>
#include <istream>
#include <iterator>

namespace zs::cli {
namespace json = boost::json;

namespace {

Result<std::string> read_text(const std::string& name, Console& console) {
    if (name == "-") return std::string(std::istreambuf_iterator<char>(console.in), {});
    std::ifstream file(name, std::ios::binary);
    if (!file) return usage_error("cannot read the file '" + name + "'");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Pair {
    std::string name;
    std::string value;
};

Result<Pair> pair_of(const std::string& text, std::string_view option) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        return usage_error(std::string(option) + " takes NAME=VALUE; got '" + text + "'");
    return Pair{text.substr(0, equals), text.substr(equals + 1)};
}

// JSON when it reads as JSON, else text.
json::value value_of(const std::string& text) {
    auto parsed = parse_json(text);
    if (parsed) return std::move(*parsed);
    return json_text(text);
}

Result<json::object> pairs_of(const std::vector<std::string>& texts, std::string_view option,
                              bool as_json) {
    json::object out;
    for (const auto& text : texts) {
        auto pair = pair_of(text, option);
        if (!pair) return std::move(pair).error();
        out[pair->name] = as_json ? value_of(pair->value) : json_text(pair->value);
    }
    return out;
}

Result<json::object> env_of(const std::vector<std::string>& texts, const Console& console) {
    json::object out;
    for (const auto& text : texts) {
        const auto equals = text.find('=');
        const auto name = text.substr(0, equals);
        const bool given = equals != std::string::npos;
        out[name] = json_text(given ? text.substr(equals + 1) : console.variable(name));
    }
    return out;
}

json::array texts_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts)
        out.push_back(json_text(text));
    return out;
}

json::array dependencies_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) {
        const auto colon = text.find(':');
        json::object one{{"job_id", json_text(text.substr(0, colon))}};
        if (colon != std::string::npos) one.emplace("when", json_text(text.substr(colon + 1)));
        out.push_back(std::move(one));
    }
    return out;
}

Result<json::object> concurrency_of(const std::string& text) {
    const auto colon = text.rfind(':');
    const auto digits = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    std::int64_t max = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), max);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        return usage_error("--concurrency takes KEY:MAX; got '" + text + "'");
    return json::object{{"key", json_text(text.substr(0, colon))}, {"max", max}};
}

Result<json::value> input_of(const std::string& text, Console& console) {
    if (!text.starts_with('@')) return value_of(text);
    auto read = read_text(text.substr(1), console);
    if (!read) return std::move(read).error();
    return parse_json(*read);
}

Result<json::object> base_of(const SubmitOptions& options, Console& console) {
    if (!options.spec_file) return json::object();
    auto text = read_text(*options.spec_file, console);
    if (!text) return std::move(text).error();
    auto parsed = parse_json(*text);
    if (!parsed) return std::move(parsed).error();
    if (!parsed->is_object()) return usage_error("--spec holds an object");
    return std::move(parsed->get_object());
}

void add_plain_fields(const SubmitOptions& options, json::object& spec) {
    if (!options.command.empty()) spec["command"] = texts_of(options.command);
    if (!options.tags.empty()) spec["tags"] = texts_of(options.tags);
    if (!options.labels.empty()) spec["requires"] = texts_of(options.labels);
    if (!options.depends_on.empty()) spec["depends_on"] = dependencies_of(options.depends_on);
    const auto text = [&spec](const char* name, const std::optional<std::string>& value) {
        if (value) spec[name] = json_text(*value);
    };
    const auto number = [&spec](const char* name, const std::optional<std::int64_t>& value) {
        if (value) spec[name] = *value;
    };
    text("template", options.job_template);
    text("name", options.name);
    text("unique_key", options.unique_key);
    text("on_conflict", options.on_conflict);
    text("run_at", options.run_at);
    number("timeout_secs", options.timeout_secs);
    number("max_retries", options.max_retries);
    number("priority", options.priority);
    number("delay_secs", options.delay_secs);
}

}  // namespace

Result<json::object> spec_of(const SubmitOptions& options, Console& console) {
    auto spec = base_of(options, console);
    if (!spec) return spec;
    add_plain_fields(options, *spec);
    if (!options.env.empty()) {
        auto env = env_of(options.env, console);
        if (!env) return env;
        (*spec)["env"] = std::move(*env);
    }
    struct Pairs {
        const char* field;
        const char* option;
        const std::vector<std::string>& texts;
        bool as_json;
    };
    for (const auto& pairs : {Pairs{"metadata", "--metadata", options.metadata, true},
                              Pairs{"params", "--param", options.params, true},
                              Pairs{"files", "--file", options.files, false}}) {
        if (pairs.texts.empty()) continue;
        auto fields = pairs_of(pairs.texts, pairs.option, pairs.as_json);
        if (!fields) return fields;
        (*spec)[pairs.field] = std::move(*fields);
    }
    if (options.concurrency) {
        auto limit = concurrency_of(*options.concurrency);
        if (!limit) return limit;
        (*spec)["concurrency"] = std::move(*limit);
    }
    if (options.input) {
        auto input = input_of(*options.input, console);
        if (!input) return std::move(input).error();
        (*spec)["input"] = std::move(*input);
    }
    return spec;
}

}  // namespace zs::cli
