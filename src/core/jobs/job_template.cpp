#include "core/jobs/job_template.hpp"

#include "base/json_writer.hpp"
#include "core/jobs/field_reader.hpp"
#include "core/jobs/limits.hpp"
#include "core/jobs/params_schema.hpp"
#include "core/jobs/template_service.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace zs::jobs {
namespace json = boost::json;
namespace {

constexpr std::string_view kOpen = "${params.";

Error missing_param(std::string_view name) {
    Error error = unprocessable("the template needs the parameter '" + std::string(name) + "'",
                                "params." + std::string(name));
    error.reason = "missing_param";
    return error;
}

std::string as_text(const json::value& value) {
    if (value.is_string()) return {value.get_string().data(), value.get_string().size()};
    return write_json(value);
}

// Replaces every reference; what is put in is not looked through again.
Result<void> fill(json::value& value, const json::object& params);

Result<void> fill_text(json::value& value, const json::object& params) {
    const std::string text = as_text(value);
    std::string out;
    std::size_t done = 0;
    while (true) {
        const auto begin = text.find(kOpen, done);
        const auto end = begin == std::string::npos ? begin : text.find('}', begin);
        if (end == std::string::npos) break;
        const auto name = text.substr(begin + kOpen.size(), end - begin - kOpen.size());
        const auto* param = params.if_contains(name);
        if (param == nullptr) return missing_param(name);
        if (begin == 0 && end + 1 == text.size()) {
            value = *param;
            return {};
        }
        out.append(text, done, begin - done);
        out += as_text(*param);
        done = end + 1;
    }
    if (done == 0) return {};
    out.append(text, done);
    value = json::string(out);
    return {};
}

Result<void> fill(json::value& value, const json::object& params) {
    if (value.is_string()) return fill_text(value, params);
    if (auto* array = value.if_array()) {
        for (auto& item : *array) {
            auto filled = fill(item, params);
            if (!filled) return filled;
        }
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            auto filled = fill(member.value(), params);
            if (!filled) return filled;
        }
    }
    return {};
}

void merge_over(json::object& base, const json::object& over) {
    for (const auto& [name, value] : over) {
        auto* was = base.if_contains(name);
        if (was != nullptr && was->is_object() && value.is_object()) {
            merge_over(was->get_object(), value.get_object());
        } else {
            base[name] = value;
        }
    }
}

// A parameter stands for text there, whatever its type; one item of a command stays one item.
void texts_again(json::object& spec) {
    for (const char* field : {"command", "cmd", "tags", "requires"}) {
        auto* value = spec.if_contains(field);
        if (value == nullptr || !value->is_array()) continue;
        for (auto& item : value->get_array())
            item = json::string(as_text(item));
    }
    auto* env = spec.if_contains("env");
    if (env == nullptr || !env->is_object()) return;
    for (auto& member : env->get_object())
        member.value() = json::string(as_text(member.value()));
}

}  // namespace

Result<JobTemplate> parse_job_template(const json::object& object) {
    FieldReader in(object);
    JobTemplate parsed;
    parsed.name = in.text("name", limits::kTemplateNameBytesMax).value_or("");
    if (in.at("name") == nullptr) in.reject("name", "is missing");
    if (parsed.name.empty()) in.refuse("name", "must not be empty");
    parsed.description = in.text("description", limits::kDescriptionBytesMax).value_or("");
    const auto* spec = in.object("spec");
    if (spec == nullptr) in.reject("spec", "is missing");
    if (spec != nullptr) {
        parsed.spec = *spec;
        if (spec->contains("template")) in.refuse("spec.template", "must not be in a template");
        if (write_json(*spec).size() > limits::kTemplateBytesMax) {
            in.refuse("spec", "must have at most 1 MiB");
        }
    }
    if (const auto* schema = in.object("params_schema")) {
        auto checked = check_schema(*schema);
        if (!checked) return checked.error();
        parsed.params_schema = *schema;
    }
    if (!in.ok()) return in.take_error();
    return parsed;
}

Result<json::object> expand_template(const JobTemplate& with, const json::object& submitted) {
    json::object params;
    if (const auto* given = submitted.if_contains("params"); given && !given->is_null()) {
        if (!given->is_object()) return unprocessable("'params' must be an object", "params");
        params = given->get_object();
    }
    if (with.params_schema) {
        put_defaults(*with.params_schema, params);
        auto checked = check_value(*with.params_schema, params, "params");
        if (!checked) return checked.error();
    }
    json::object own = submitted;
    own.erase("template");
    own.erase("params");
    json::object spec = with.spec;
    // The two names of one field do not meet.
    if (own.contains("cmd") || own.contains("command")) {
        spec.erase("cmd");
        spec.erase("command");
    }
    merge_over(spec, own);
    json::value whole(std::move(spec));
    auto filled = fill(whole, params);
    if (!filled) return filled.error();
    texts_again(whole.get_object());
    return std::move(whole.get_object());
}

async::Task<Result<JobTemplate>> TemplateService::create(identity::Tenant tenant,
                                                         std::optional<identity::UserId> by,
                                                         json::object object) {
    auto parsed = parse_job_template(object);
    if (!parsed) co_return parsed.error();
    parsed->created_by = by;
    parsed->created_at = parsed->updated_at = clock_.now();
    auto added = co_await store_.add(std::move(tenant), *parsed);
    if (!added) co_return added.error();
    co_return parsed;
}

async::Task<Result<JobTemplate>> TemplateService::replace(identity::Tenant tenant, std::string name,
                                                          json::object object) {
    if (!object.contains("name")) object["name"] = name;
    auto parsed = parse_job_template(object);
    if (!parsed) co_return parsed.error();
    if (parsed->name != name) {
        co_return invalid_field("name", "'name' must be that of the path: a name does not change");
    }
    parsed->updated_at = clock_.now();
    auto replaced = co_await store_.replace(tenant, *parsed);
    if (!replaced) co_return replaced.error();
    co_return co_await find(std::move(tenant), std::move(name));
}

async::Task<Result<JobTemplate>> TemplateService::find(identity::Tenant tenant, std::string name) {
    auto found = co_await store_.find(std::move(tenant), std::move(name));
    if (!found) co_return found.error();
    if (!*found) co_return not_found("there is no such template");
    co_return std::move(**found);
}

async::Task<Result<void>> TemplateService::remove(identity::Tenant tenant, std::string name) {
    co_return co_await store_.remove(std::move(tenant), std::move(name));
}

async::Task<Result<identity::Page<JobTemplate>>> TemplateService::list(identity::Tenant tenant,
                                                                       identity::PageRequest page) {
    auto checked = identity::check_limit(page);
    if (!checked) co_return checked.error();
    const std::string filters = "job templates";
    std::string after;
    if (page.cursor) {
        auto key = identity::read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        after = std::move(*key);
    }
    const auto limit = static_cast<std::size_t>(page.limit) + 1;
    auto all = co_await store_.list(std::move(tenant), std::move(after), limit);
    if (!all) co_return all.error();
    const auto key_of = [](const JobTemplate& one) { return one.name; };
    co_return identity::make_page(std::move(*all), page, filters, key_of);
}

}  // namespace zs::jobs
