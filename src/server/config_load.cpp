#include "server/config_load.hpp"

#include "base/encoding.hpp"
#include "server/config_rules.hpp"
#include "server/interpolation.hpp"
#include "server/suggest.hpp"
#include "server/toml_document.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

extern char** environ;

namespace zs::server {
namespace {

constexpr std::string_view kGenericPrefixes[] = {"ZSERVER__", "CLAUDE_DSL__"};
// Names that other programs use too: they yield to our own without a complaint.
constexpr std::string_view kSharedNames[] = {"HOST", "PORT", "RUST_LOG"};

// One value that somebody gave to a key.
struct Candidate {
    KeyValue value;
    SourceKind source = SourceKind::Default;
    std::string place;
    std::string name;  // as it was written: key, alias, variable or flag
};

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> out;
    for (const auto& key : all_keys()) {
        if (!key.name.empty()) out.push_back(key.name);
        out.insert(out.end(), key.aliases.begin(), key.aliases.end());
    }
    return out;
}

std::string suggestion(std::string_view name) {
    const auto names = all_names();
    auto meant = nearest(name, names);
    if (meant.empty()) {  // right key, wrong section?
        const auto last = name.substr(name.rfind('.') + 1);
        for (const auto known : names) {
            if (known.substr(known.rfind('.') + 1) == last) meant = known;
        }
    }
    return meant.empty() ? "; `zserver config docs` lists the keys"
                         : "; did you mean '" + std::string(meant) + "'?";
}

// The level that a RUST_LOG directive list gives to us: "info", "warn,zserver=debug".
std::string level_of_directives(std::string_view text) {
    std::string level;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = trim(text.substr(0, comma));
        const auto equals = item.find('=');
        if (equals == std::string_view::npos && log::parse_level(to_lower(item))) {
            level = to_lower(item);
        } else if (equals != std::string_view::npos && item.substr(0, equals) == "zserver") {
            return std::string(item.substr(equals + 1));
        }
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return level;
}

class Loader {
public:
    explicit Loader(const ConfigInput& input) : input_(input) { out_.config.dev = input.dev; }

    void read_file(std::string_view file_name, std::string_view toml) {
        auto entries = read_toml(toml);
        if (!entries) {
            const auto& details = entries.error().details;
            std::string place(file_name);
            for (const auto* part : {"line", "column"}) {
                if (const auto* at = details.if_contains(part)) {
                    place += ":" + std::to_string(at->to_number<std::int64_t>());
                }
            }
            fail(std::move(place), entries.error().message);
            return;
        }
        for (auto& entry : *entries)
            read_entry(file_name, entry);
    }

    void read_environment() {
        for (const auto& key : all_keys()) {
            for (const auto name : key.env)
                read_variable(key, name);
        }
        for (const auto& [name, value] : input_.environment) {
            for (const auto prefix : kGenericPrefixes) {
                if (name.starts_with(prefix)) read_generic(name, prefix.size(), value);
            }
        }
    }

    void read_flags() {
        for (const auto& flag : input_.flags) {
            if (const auto* key = find_key(flag.key)) {
                offer_text(*key, SourceKind::Flag, flag.flag, flag.flag, flag.value);
            } else {
                warn_later(flag.flag, flag.key, later_part(flag.key));
            }
        }
    }

    LoadedConfig finish() {
        const Origins origins{
            .place = [this](std::string_view name) { return place_of(name); },
            .source = [this](std::string_view name) { return source_of(name); },
        };
        merge_address();
        for (const auto& key : all_keys()) {
            if (const auto* winner = find(key)) key.apply(out_.config, winner->value);
        }
        resolve_config(out_.config, origins);
        check_config(out_.config, origins, out_.errors, out_.warnings);
        for (const auto& key : all_keys())
            out_.settings.push_back(setting_of(key));
        return std::move(out_);
    }

    void fail(std::string place, std::string message) {
        out_.errors.push_back({std::move(place), std::move(message)});
    }

private:
    void warn(std::string place, std::string message) {
        out_.warnings.push_back({std::move(place), std::move(message)});
    }

    void warn_later(const std::string& place, const std::string& name, std::string_view part) {
        const auto section = name.substr(0, name.find('.'));
        if (!part.empty() && !warned_sections_.insert(section + "/" + std::string(part)).second) {
            return;
        }
        warn(place, name + " belongs to " + std::string(part)
                        + ", which this version does not have; it is ignored");
    }

    void read_entry(std::string_view file_name, TomlEntry& entry) {
        const auto place = std::string(file_name) + ":" + std::to_string(entry.line);
        if (entry.name.starts_with("server.tls.") || entry.name == "server.tls") {
            return fail(place, entry.name + ": this version does not end TLS; use a reverse proxy "
                                            "and server.trusted_proxies");
        }
        const auto* key = find_key(entry.name);
        if (key == nullptr) {
            const auto part = later_part(entry.name);
            if (!part.empty()) return warn_later(place, entry.name, part);
            return fail(place, "unknown key '" + entry.name + "'" + suggestion(entry.name));
        }
        bool was_interpolated = false;
        if (!interpolate_entry(place, entry, was_interpolated)) return;
        offer_toml(*key, place, entry, was_interpolated);
    }

    bool interpolate_entry(const std::string& place, TomlEntry& entry, bool& changed) {
        std::vector<std::string*> texts;
        if (auto* text = std::get_if<std::string>(&entry.value)) texts.push_back(text);
        if (auto* list = std::get_if<std::vector<std::string>>(&entry.value)) {
            for (auto& item : *list)
                texts.push_back(&item);
        }
        for (auto* text : texts) {
            auto expanded = interpolate(*text, input_.environment);
            if (!expanded) {
                fail(place, entry.name + ": " + expanded.error().message);
                return false;
            }
            changed = changed || *expanded != *text;
            *text = std::move(*expanded);
        }
        return true;
    }

    // TOML has types of its own: a number must be written as one, but text may carry a unit or come
    // from a variable.
    void offer_toml(const ConfigKey& key, const std::string& place, const TomlEntry& entry,
                    bool was_interpolated) {
        if (const auto* text = std::get_if<std::string>(&entry.value)) {
            const bool typed = key.type == KeyType::Boolean
                               || (key.type == KeyType::Integer && key.unit == Unit::None);
            if (typed && !was_interpolated) {
                return fail(place, entry.name + " must be " + expectation(key) + "; got text");
            }
            return offer_text(key, SourceKind::File, place, entry.name, *text);
        }
        KeyValue value;
        std::string got;
        if (const auto* truth = std::get_if<bool>(&entry.value)) {
            if (key.type == KeyType::Boolean) value = *truth;
            if (key.false_is_zero && !*truth) value = std::int64_t{0};
            got = "true or false";
        } else if (const auto* number = std::get_if<std::int64_t>(&entry.value)) {
            if (key.type == KeyType::Integer) value = *number;
            got = std::to_string(*number);
        } else if (const auto* list = std::get_if<std::vector<std::string>>(&entry.value)) {
            if (key.type == KeyType::List) value = *list;
            got = "an array";
        } else {
            got = std::get<OtherTomlValue>(entry.value).kind;
        }
        if (std::holds_alternative<std::monostate>(value)) {
            return fail(place, entry.name + " must be " + expectation(key) + "; got "
                                   + (key.is_secret() ? "another type" : got));
        }
        auto checked = check_value(key, std::move(value));
        if (!checked) {
            return fail(place, entry.name + " must be " + checked.error().message + "; got " + got);
        }
        offer(key, Candidate{.value = std::move(*checked),
                             .source = SourceKind::File,
                             .place = place,
                             .name = entry.name});
    }

    void read_variable(const ConfigKey& key, std::string_view name) {
        const auto found = input_.environment.find(std::string(name));
        if (found == input_.environment.end() || found->second.empty()) return;
        std::string text = found->second;
        if (name == "RUST_LOG") {
            text = level_of_directives(text);
            if (text.empty()) return warn("RUST_LOG", "has no level for zserver; it is ignored");
        }
        offer_text(key, SourceKind::Environment, std::string(name), std::string(name), text);
    }

    void read_generic(const std::string& variable, std::size_t prefix, const std::string& value) {
        if (value.empty()) return;
        std::string name;
        for (const char c : to_lower(std::string_view(variable).substr(prefix))) {
            const bool section_ends = c == '_' && name.ends_with('_');
            if (section_ends)
                name.back() = '.';
            else
                name += c;
        }
        const auto* key = find_key(name);
        if (key != nullptr) {
            return offer_text(*key, SourceKind::Environment, variable, variable, value);
        }
        const auto part = later_part(name);
        if (!part.empty()) return warn_later(variable, name, part);
        fail(variable, "there is no key '" + name + "'" + suggestion(name));
    }

    void offer_text(const ConfigKey& key, SourceKind source, const std::string& place,
                    const std::string& name, const std::string& text) {
        auto value = parse_value(key, text);
        if (!value) {
            // A secret is never repeated, not even a wrong one.
            const auto got = key.is_secret() ? std::to_string(text.size()) + " bytes"
                             : text.empty()  ? "empty text"
                                             : "'" + text + "'";
            const auto shown = source == SourceKind::File ? name : std::string(key.shown_name());
            return fail(place, shown + " must be " + value.error().message + "; got " + got);
        }
        offer(key, Candidate{
                       .value = std::move(*value), .source = source, .place = place, .name = name});
    }

    void offer(const ConfigKey& key, Candidate candidate) {
        auto& winner = winners_[&key];
        if (winner.source == candidate.source && winner.value != candidate.value) {
            if (is_shared(candidate.name)) return;
            return fail(
                candidate.place,
                candidate.name + " conflicts with " + winner.name
                    + (candidate.source == SourceKind::File ? " (" + winner.place + ")" : "")
                    + "; keep one of them");
        }
        if (candidate.source > winner.source) winner = std::move(candidate);
    }

    static bool is_shared(std::string_view name) {
        return std::find(std::begin(kSharedNames), std::end(kSharedNames), name)
               != std::end(kSharedNames);
    }

    // server.addr is one form, server.host with server.port the other: whichever source is higher
    // wins, and within the file they must agree.
    void merge_address() {
        const auto* addr_key = find_key("server.addr");
        const auto* addr = find(*addr_key);
        if (addr == nullptr) return;
        const auto whole = std::get<Endpoint>(addr->value);
        for (const auto* name : {"server.host", "server.port"}) {
            const auto* key = find_key(name);
            const auto* part = find(*key);
            if (part == nullptr) continue;
            const bool is_host = key->type == KeyType::Text;
            const bool agrees = is_host ? std::get<std::string>(part->value) == whole.host
                                        : std::get<std::int64_t>(part->value) == whole.port;
            if (part->source == addr->source && !agrees && !is_shared(part->name)) {
                fail(part->place, part->name + " conflicts with " + addr->name + " (" + addr->place
                                      + "); keep one of them");
            }
            if (part->source <= addr->source) winners_.erase(key);
        }
    }

    const Candidate* find(const ConfigKey& key) const {
        const auto found = winners_.find(&key);
        return found == winners_.end() ? nullptr : &found->second;
    }

    const Candidate* find_named(std::string_view name) const {
        for (const auto& [key, candidate] : winners_) {
            if (key->shown_name() == name) return &candidate;
        }
        return nullptr;
    }

    std::string place_of(std::string_view name) const {
        const auto* winner = find_named(name);
        return winner == nullptr ? "" : winner->place;
    }

    SourceKind source_of(std::string_view name) const {
        const auto* winner = find_named(name);
        return winner == nullptr ? SourceKind::Default : winner->source;
    }

    Setting setting_of(const ConfigKey& key) const {
        Setting out{.key = &key, .shown = std::string(key.fallback), .place = "default"};
        if (const auto* winner = find(key)) {
            out.shown = shown_value(key, winner->value);
            out.source = winner->source;
            out.place = winner->place;
        }
        return out;
    }

    const ConfigInput& input_;
    LoadedConfig out_;
    std::map<const ConfigKey*, Candidate> winners_;
    std::set<std::string> warned_sections_;
};

std::optional<std::filesystem::path> chosen_file(const ConfigInput& input, std::string& place) {
    place = "--config";
    if (input.file) return input.file;
    const auto named = input.environment.find("ZSERVER_CONFIG");
    if (named == input.environment.end() || named->second.empty()) return std::nullopt;
    place = "ZSERVER_CONFIG";
    return named->second;
}

}  // namespace

LoadedConfig load_config_text(const ConfigInput& input, std::string_view file_name,
                              std::string_view toml) {
    Loader loader(input);
    loader.read_file(file_name, toml);
    loader.read_environment();
    loader.read_flags();
    return loader.finish();
}

LoadedConfig load_config(const ConfigInput& input) {
    Loader loader(input);
    std::string place;
    if (const auto file = chosen_file(input, place)) {
        std::ifstream stream(*file, std::ios::binary);
        std::ostringstream text;
        if (stream && !std::filesystem::is_directory(*file)) text << stream.rdbuf();
        if (!stream || std::filesystem::is_directory(*file)) {
            loader.fail(place, "cannot read '" + file->string() + "'");
        } else {
            loader.read_file(file->filename().string(), text.str());
        }
    }
    loader.read_environment();
    loader.read_flags();
    return loader.finish();
}

std::map<std::string, std::string> process_environment() {
    std::map<std::string, std::string> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

}  // namespace zs::server
