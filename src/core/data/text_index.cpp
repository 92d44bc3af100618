#include "core/data/text_index.hpp"

#include "base/encoding.hpp"
#include "core/data/limits.hpp"

#include <array>
#include <utility>

namespace zs::data {
namespace {

constexpr std::array kTokenizers{std::pair{TextTokenizer::Unicode, std::string_view("unicode")},
                                 std::pair{TextTokenizer::Porter, std::string_view("porter")},
                                 std::pair{TextTokenizer::Trigram, std::string_view("trigram")}};
constexpr std::array kModes{std::pair{TextMode::All, std::string_view("all")},
                            std::pair{TextMode::Any, std::string_view("any")},
                            std::pair{TextMode::Phrase, std::string_view("phrase")},
                            std::pair{TextMode::Expression, std::string_view("expression")}};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
    for (const auto& [known, text] : names) {
        if (known == value) return text;
    }
    return {};
}

template <class Value, class Names>
Result<Value> value_of(const Names& names, std::string_view what, std::string_view text) {
    std::string all;
    for (const auto& [known, name] : names) {
        if (name == text) return known;
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return invalid_field(what, "'" + std::string(what) + "' must be one of " + all);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// A literal of FTS5: nothing in it is an operator.
std::string quoted(std::string_view word) {
    std::string out = "\"";
    for (const char c : word) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

// Punctuation alone would match nothing, and with it a search for all words.
bool holds_a_word(std::string_view text) {
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) return true;
    }
    return false;
}

std::vector<std::string_view> words_of(std::string_view query) {
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while (at < query.size()) {
        while (at < query.size() && is_blank(query[at]))
            ++at;
        const std::size_t begin = at;
        while (at < query.size() && !is_blank(query[at]))
            ++at;
        const auto word = query.substr(begin, at - begin);
        if (holds_a_word(word)) words.push_back(word);
    }
    return words;
}

Error no_word() {
    return invalid_field("query", "'query' holds no word to look for", "invalid_text_query");
}

}  // namespace

std::string_view to_text(TextTokenizer tokenizer) noexcept {
    return name_of(kTokenizers, tokenizer);
}

Result<TextTokenizer> parse_text(std::type_identity<TextTokenizer>, std::string_view text) {
    return value_of<TextTokenizer>(kTokenizers, "tokenizer", text);
}

std::string_view to_text(TextMode mode) noexcept {
    return name_of(kModes, mode);
}

Result<TextMode> parse_text(std::type_identity<TextMode>, std::string_view text) {
    return value_of<TextMode>(kModes, "mode", text);
}

Result<std::string> text_expression(std::string_view query, TextMode mode) {
    if (query.size() > limits::kTextQueryBytesMax) {
        return invalid_field("query", "'query' has at most "
                                          + std::to_string(limits::kTextQueryBytesMax) + " bytes");
    }
    if (!is_utf8(query) || query.find('\0') != std::string_view::npos)
        return invalid_field("query", "'query' must be text in UTF-8 without NUL");
    if (mode == TextMode::Expression) {
        if (trim(query).empty()) return no_word();
        return std::string(query);
    }
    const auto words = words_of(query);
    if (words.empty()) return no_word();
    if (words.size() > limits::kTextQueryWordsMax) {
        return invalid_field("query", "'query' has at most "
                                          + std::to_string(limits::kTextQueryWordsMax) + " words");
    }
    if (mode == TextMode::Phrase) return quoted(query);
    std::string out;
    for (const auto word : words) {
        if (!out.empty()) out += mode == TextMode::Any ? " OR " : " AND ";
        out += quoted(word);
    }
    return out;
}

}  // namespace zs::data
