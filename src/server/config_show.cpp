#include "server/config_load.hpp"

#include <boost/json/array.hpp>

namespace zs::server {
namespace {

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out + "\"";
}

bool is_bare(const ConfigKey& key) {
    return key.type == KeyType::Integer || key.type == KeyType::Boolean;
}

// "(unset)" and the like: words about a default, not a value.
bool is_remark(std::string_view shown) {
    return shown.starts_with('(');
}

std::string toml_value(const Setting& setting) {
    if (setting.key->type != KeyType::List) {
        return is_bare(*setting.key) ? setting.shown : toml_text(setting.shown);
    }
    std::string out = "[";
    std::string_view rest = setting.shown;
    while (!rest.empty()) {
        const auto comma = rest.find(", ");
        if (out.size() > 1) out += ", ";
        out += toml_text(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 2);
    }
    return out + "]";
}

std::string_view section_of(std::string_view name) {
    return name.substr(0, name.find('.'));
}
std::string_view key_of(std::string_view name) {
    return name.substr(name.find('.') + 1);
}

std::string default_cell(const ConfigKey& key) {
    if (key.fallback.empty()) return "empty";
    if (is_remark(key.fallback))
        return std::string(key.fallback.substr(1, key.fallback.size() - 2));
    return "`" + std::string(key.fallback) + "`";
}

std::string variables_cell(const ConfigKey& key) {
    std::string out;
    for (const auto name : key.env) {
        if (!out.empty()) out += ", ";
        out += "`" + std::string(name) + "`";
    }
    return out.empty() ? "-" : out;
}

std::string values_cell(const ConfigKey& key) {
    switch (key.type) {
        case KeyType::Text: return "text";
        case KeyType::Secret: return "secret";
        case KeyType::Url: return "URL (secret)";
        case KeyType::List: return "list";
        case KeyType::Endpoint: return "address:port";
        case KeyType::Boolean:
        case KeyType::Choice: return expectation(key);
        case KeyType::Integer: break;
    }
    const std::string unit = key.unit == Unit::Seconds  ? " s"
                             : key.unit == Unit::Millis ? " ms"
                             : key.unit == Unit::Bytes  ? " bytes"
                                                        : "";
    return std::to_string(key.min) + " to " + std::to_string(key.max) + unit;
}

}  // namespace

std::string without_password(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return "***";
    const auto begin = scheme + 3;
    const auto end = std::min(url.find_first_of("/?#", begin), url.size());
    const auto authority = url.substr(begin, end - begin);
    const auto at = authority.rfind('@');
    // A password may also stand in the query; then nothing of it is shown.
    const auto query = url.find('?', end);
    const auto tail = url.substr(end, query == std::string_view::npos ? query : query - end);
    std::string out(url.substr(0, begin));
    if (at == std::string_view::npos) {
        out += authority;
    } else {
        const auto user = authority.substr(0, at);
        const auto colon = user.find(':');
        out += user.substr(0, colon);
        if (colon != std::string_view::npos) out += ":***";
        out += authority.substr(at);
    }
    out += tail;
    if (query != std::string_view::npos) out += "?***";
    return out;
}

std::string shown_value(const ConfigKey& key, const KeyValue& value) {
    if (key.type == KeyType::Secret) return "***";
    if (key.type == KeyType::Url) return without_password(std::get<std::string>(value));
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* endpoint = std::get_if<Endpoint>(&value)) return endpoint->to_string();
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        std::string out;
        for (const auto& item : *list)
            out += (out.empty() ? "" : ", ") + item;
        return out;
    }
    return std::get<std::string>(value);
}

std::string settings_as_toml(const LoadedConfig& loaded) {
    constexpr std::size_t kValueColumns = 44;
    std::string out;
    std::string_view section;
    for (const auto& setting : loaded.settings) {
        const auto name = setting.key->name;
        if (name.empty()) {  // only a variable: shown when it is set
            if (setting.source != SourceKind::Default) {
                out += "# " + setting.place + "=" + setting.shown + "\n";
            }
            continue;
        }
        if (section_of(name) != section) {
            section = section_of(name);
            out += std::string(out.empty() ? "" : "\n") + "[" + std::string(section) + "]\n";
        }
        const bool remark = setting.source == SourceKind::Default && is_remark(setting.shown);
        std::string line = (remark ? "# " : "") + std::string(key_of(name)) + " = "
                           + (remark ? setting.shown : toml_value(setting));
        if (line.size() < kValueColumns) line.resize(kValueColumns, ' ');
        out += line + "  # " + setting.place + "\n";
    }
    return out;
}

boost::json::array settings_as_json(const LoadedConfig& loaded) {
    boost::json::array out;
    for (const auto& setting : loaded.settings) {
        boost::json::object row;
        row["key"] = json_text(setting.key->shown_name());
        const bool remark = setting.source == SourceKind::Default && is_remark(setting.shown);
        row["value"] = remark ? boost::json::value(nullptr) : json_text(setting.shown);
        row["source"] = json_text(setting.place);
        if (remark) row["default"] = json_text(setting.shown);
        out.push_back(std::move(row));
    }
    return out;
}

std::string keys_as_markdown() {
    std::string out;
    std::string_view section = "?";
    for (const auto& key : all_keys()) {
        const auto its_section = key.name.empty() ? section : section_of(key.name);
        if (its_section != section) {
            section = its_section;
            out += std::string(out.empty() ? "" : "\n") + "### [" + std::string(section) + "]\n\n"
                   + "| key | variable | default | values | meaning |\n"
                     "|---|---|---|---|---|\n";
        }
        const auto shown = key.name.empty() ? "-" : "`" + std::string(key.name) + "`";
        out += "| " + shown + " | " + variables_cell(key) + " | " + default_cell(key) + " | "
               + values_cell(key) + " | " + std::string(key.help);
        if (!key.flag.empty()) out += " Flag `" + std::string(key.flag) + "`.";
        out += " |\n";
    }
    return out;
}

}  // namespace zs::server
