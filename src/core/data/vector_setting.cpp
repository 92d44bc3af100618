#include "core/data/vector_setting.hpp"

#include "base/encoding.hpp"
#include "core/data/limits.hpp"
#include "core/data/statement_kind.hpp"

#include <charconv>
#include <string>
#include <vector>

namespace zs::data {
namespace {

constexpr std::string_view kName = "hnsw.ef_search";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// The words of such a short statement; = is one of its own, quotes are left out.
std::vector<std::string> words_of(std::string_view sql) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::exchange(word, {}));
    };
    for (const char c : sql) {
        if (is_blank(c) || c == ';' || c == '=') {
            end_word();
            if (c == '=') words.emplace_back("=");
        } else if (c != '\'' && c != '"') {
            word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    end_word();
    return words;
}

Error wrong(std::string message) {
    return invalid_argument(std::move(message), "sql_error");
}

Error out_of_range() {
    return wrong("hnsw.ef_search must be between 1 and " + std::to_string(limits::kVectorEfMax));
}

}  // namespace

Result<std::optional<VectorSetting>> read_vector_setting(std::string_view sql) {
    using Setting = std::optional<VectorSetting>;
    sql = skip_empty_sql(sql);
    constexpr std::size_t kLongest = 200;
    const bool first = equals_ignoring_case(sql.substr(0, 3), "SET")
                       || equals_ignoring_case(sql.substr(0, 4), "SHOW")
                       || equals_ignoring_case(sql.substr(0, 5), "RESET");
    if (!first || sql.size() > kLongest) return Setting();
    const auto words = words_of(sql);
    const std::string& verb = words.front();
    if (verb != "set" && verb != "show" && verb != "reset") return Setting();
    std::size_t at = 1;
    const auto take = [&](std::string_view word) {
        if (at >= words.size() || words[at] != word) return false;
        ++at;
        return true;
    };
    if (verb == "set" && !take("session")) (void)take("local");
    if (!take(kName)) {
        return wrong("the one setting there is for " + verb + " is hnsw.ef_search");
    }
    VectorSetting setting;
    setting.kind = verb == "show" ? VectorSetting::Kind::Show : VectorSetting::Kind::Reset;
    if (verb == "set") {
        if (!take("=") && !take("to")) return wrong("SET hnsw.ef_search = 64 is the form");
        if (at + 1 != words.size()) return out_of_range();
        if (take("default")) return Setting(setting);
        setting.kind = VectorSetting::Kind::Set;
        const std::string& text = words[at++];
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), setting.ef_search);
        const bool good = error == std::errc() && end == text.data() + text.size()
                          && setting.ef_search >= 1 && setting.ef_search <= limits::kVectorEfMax;
        if (!good) return out_of_range();
    }
    if (at != words.size()) return wrong("nothing may follow " + verb + " hnsw.ef_search");
    return Setting(setting);
}

std::optional<std::size_t> SessionSettings::ef_search(const identity::Principal& principal) const {
    const std::lock_guard lock(mutex_);
    if (ef_search_.empty()) return std::nullopt;
    const auto found = ef_search_.find(Session(principal.tenant, principal.token_id));
    return found == ef_search_.end() ? std::nullopt : std::optional<std::size_t>(found->second);
}

void SessionSettings::set_ef_search(const identity::Principal& principal,
                                    std::optional<std::size_t> value) {
    Session session(principal.tenant, principal.token_id);
    const std::lock_guard lock(mutex_);
    if (!value) {
        ef_search_.erase(session);
        return;
    }
    const auto [at, is_new] = ef_search_.insert_or_assign(session, *value);
    if (!is_new) return;
    order_.push_back(std::move(session));
    while (order_.size() > limits::kSessionSettingsMax) {
        if (order_.front() != order_.back()) ef_search_.erase(order_.front());
        order_.pop_front();
    }
}

}  // namespace zs::data
