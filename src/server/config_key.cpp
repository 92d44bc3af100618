#include "server/config_key.hpp"

#include "base/assert.hpp"
#include "base/encoding.hpp"

#include <charconv>

namespace zs::server {
namespace {

struct LaterPart {
    std::string_view name;  // a trailing dot: everything below
    std::string_view part;
};

// Keys of existing configuration files whose part comes with a later version.
constexpr LaterPart kLaterParts[] = {
    {"reliability.", "the job queue"},
    {"worker.docker_image", "containers"},
    {"worker.docker_images", "containers"},
    {"worker.docker_network", "containers"},
    {"collab.", "live documents"},
    {"rtc.", "rooms"},
    {"webrtc.", "rooms"},
    {"execution.", "workflows"},
    {"workflows.", "workflows"},
    {"agents.", "workflows"},
    {"providers.", "workflows"},
    {"packages.", "workflows"},
    {"notifications.", "workflows"},
    {"secrets.", "workflows"},
    {"triggers.", "workflows"},
    {"scheduler.", "workflows"},
    {"vault.", "workflows"},
    {"user_storage.", "other back ends"},
    {"storage.s3.", "other back ends"},
    {"storage.redis.", "other back ends"},
    {"storage.path_prefix", "other back ends"},
    {"s3.", "other back ends"},
    {"redis.", "other back ends"},
    {"limits.vec_max_dim", "vectors"},
    {"limits.max_definition_bytes", "workflows"},
    {"limits.max_tasks", "workflows"},
    {"limits.max_task_depth", "workflows"},
    {"limits.max_items", "workflows"},
    {"limits.max_expression_chars", "workflows"},
    {"limits.max_http_body_bytes", "workflows"},
    {"limits.max_files_bytes", "workflows"},
    {"limits.max_input_bytes", "workflows"},
    {"limits.max_state_bytes", "workflows"},
    {"limits.max_executions_active", "workflows"},
    {"monitoring.tracing.", "tracing"},
    {"monitoring.otlp_endpoint", "tracing"},
    {"tracing.", "tracing"},
};

struct UnitWord {
    std::string_view word;
    std::int64_t factor;  // of the smallest: milliseconds, bytes
};
constexpr UnitWord kTimeWords[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr UnitWord kByteWords[] = {
    {"B", 1},         {"KB", 1000},     {"MB", 1'000'000}, {"GB", 1'000'000'000},
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

std::span<const UnitWord> words_of(Unit unit) {
    switch (unit) {
        case Unit::None: return {};
        case Unit::Seconds:
        case Unit::Millis: return kTimeWords;
        case Unit::Bytes: return kByteWords;
    }
    return {};
}

// "30", "30s", "5m", "10MiB" in the key's unit; nullopt when it is none of them, or not whole.
std::optional<std::int64_t> parse_integer(std::string_view text, Unit unit) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc()) return std::nullopt;
    const auto word = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    if (word.empty()) return number;
    for (const auto& known : words_of(unit)) {
        if (word != known.word) continue;
        std::int64_t smallest = 0;
        if (__builtin_mul_overflow(number, known.factor, &smallest)) return std::nullopt;
        if (unit != Unit::Seconds) return smallest;
        if (smallest % 1000 != 0) return std::nullopt;
        return smallest / 1000;
    }
    return std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text) {
    const auto lower = to_lower(text);
    if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") return true;
    if (lower == "false" || lower == "0" || lower == "no" || lower == "off") return false;
    return std::nullopt;
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = trim(text.substr(0, comma));
        if (!item.empty()) out.emplace_back(item);
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return out;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at <= choices.size();) {
        const auto end = std::min(choices.find('|', at), choices.size());
        out.push_back(choices.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::string choices_in_words(std::string_view choices) {
    const auto all = split_choices(choices);
    std::string out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) out += i + 1 == all.size() ? " or " : ", ";
        out += all[i];
    }
    return out;
}

std::string unit_in_words(Unit unit) {
    switch (unit) {
        case Unit::None: return "";
        case Unit::Seconds: return " seconds";
        case Unit::Millis: return " milliseconds";
        case Unit::Bytes: return " bytes";
    }
    return "";
}

Error expected(const ConfigKey& key) {
    return invalid_argument(expectation(key));
}

std::vector<ConfigKey> join_keys() {
    std::vector<ConfigKey> all;
    for (auto* section :
         {server_keys, auth_keys, storage_keys, sql_keys, vector_keys, limit_keys, file_keys,
          ingest_keys, websocket_keys, job_keys, worker_keys, monitoring_keys}) {
        for (auto& key : section()) {
            ZS_ASSERT(key.apply != nullptr && !(key.name.empty() && key.env.empty()));
            all.push_back(std::move(key));
        }
    }
    return all;
}

}  // namespace

std::span<const ConfigKey> all_keys() {
    static const std::vector<ConfigKey> keys = join_keys();
    return keys;
}

const ConfigKey* find_key(std::string_view name_or_alias) {
    if (name_or_alias.empty()) return nullptr;
    for (const auto& key : all_keys()) {
        if (key.name == name_or_alias) return &key;
        if (std::find(key.aliases.begin(), key.aliases.end(), name_or_alias) != key.aliases.end()) {
            return &key;
        }
    }
    return nullptr;
}

std::string_view later_part(std::string_view name) {
    for (const auto& later : kLaterParts) {
        const bool below = later.name.ends_with('.') && name.starts_with(later.name);
        if (below || name == later.name) return later.part;
    }
    return {};
}

std::string expectation(const ConfigKey& key) {
    switch (key.type) {
        case KeyType::Text:
        case KeyType::Secret:
        case KeyType::Url: return "text";
        case KeyType::Boolean: return "true or false";
        case KeyType::Choice: return choices_in_words(key.choices);
        case KeyType::Endpoint: return "an address with a port, such as 127.0.0.1:8080";
        case KeyType::List: return "a list of text, or one text with commas";
        case KeyType::Integer: break;
    }
    if (key.max == std::numeric_limits<std::int64_t>::max()) {
        return "at least " + std::to_string(key.min) + unit_in_words(key.unit);
    }
    return "between " + std::to_string(key.min) + " and " + std::to_string(key.max)
           + unit_in_words(key.unit);
}

Result<KeyValue> parse_value(const ConfigKey& key, std::string_view text) {
    switch (key.type) {
        case KeyType::Text:
        case KeyType::Secret:
        case KeyType::Url: return check_value(key, std::string(text));
        case KeyType::Choice: return check_value(key, to_lower(trim(text)));
        case KeyType::List: return check_value(key, split_list(text));
        case KeyType::Integer: {
            auto number = parse_integer(trim(text), key.unit);
            if (key.false_is_zero && to_lower(trim(text)) == "false") number = 0;
            if (!number) return expected(key);
            return check_value(key, *number);
        }
        case KeyType::Boolean: {
            const auto truth = parse_boolean(trim(text));
            if (!truth) return expected(key);
            return check_value(key, *truth);
        }
        case KeyType::Endpoint: {
            auto endpoint = parse_endpoint(trim(text));
            if (!endpoint) return std::move(endpoint).error();
            return check_value(key, std::move(*endpoint));
        }
    }
    return expected(key);
}

Result<KeyValue> check_value(const ConfigKey& key, KeyValue value) {
    if (key.type == KeyType::Integer) {
        const auto number = std::get<std::int64_t>(value);
        if (number < key.min || number > key.max) return expected(key);
    }
    if (key.type == KeyType::Choice) {
        const auto all = split_choices(key.choices);
        if (std::find(all.begin(), all.end(), std::get<std::string>(value)) == all.end()) {
            return expected(key);
        }
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->find('\0') != std::string::npos) {
        return invalid_argument("text without NUL characters");
    }
    if (key.check != nullptr) {
        auto wanted = key.check(value);
        if (!wanted.empty()) return invalid_argument(std::move(wanted));
    }
    return value;
}

}  // namespace zs::server
