#include "server/toml_document.hpp"

#include <toml++/toml.h>

namespace zs::server {
namespace {

std::string kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::none: return "nothing";
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "an array";
        case toml::node_type::string: return "text";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a number with a fraction";
        case toml::node_type::boolean: return "true or false";
        case toml::node_type::date: return "a date";
        case toml::node_type::time: return "a time";
        case toml::node_type::date_time: return "a date and time";
    }
    return "nothing";
}

TomlValue value_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* truth = node.as_boolean()) return truth->get();
    if (const auto* array = node.as_array()) {
        std::vector<std::string> items;
        for (const auto& item : *array) {
            const auto* text = item.as_string();
            if (text == nullptr) return OtherTomlValue{"an array that holds " + kind_of(item)};
            items.push_back(text->get());
        }
        return items;
    }
    return OtherTomlValue{kind_of(node)};
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
    for (const auto& [key, node] : table) {
        const auto name = prefix + std::string(key.str());
        if (const auto* inner = node.as_table()) {
            flatten(*inner, name + ".", out);
        } else {
            out.push_back({name, value_of(node), node.source().begin.line});
        }
    }
}

}  // namespace

Result<std::vector<TomlEntry>> read_toml(std::string_view text) {
    try {
        std::vector<TomlEntry> out;
        flatten(toml::parse(text), "", out);
        std::sort(out.begin(), out.end(),
                  [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
        return out;
    } catch (const toml::parse_error& failed) {
        const auto where = failed.source().begin;
        return invalid_argument(std::string(failed.description()))
            .with("line", boost::json::value(where.line))
            .with("column", boost::json::value(where.column));
    }
}

}  // namespace zs::server
