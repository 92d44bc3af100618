#pragma once

#include "async/deadline.hpp"
#include "core/identity/principal.hpp"

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zs::data {

// How text becomes words.
//   Unicode  words, case and diacritics folded
//   Porter   the same, and English endings cut off: "running" finds "runs"
//   Trigram  any three characters: finds parts of words, in every script
enum class TextTokenizer : std::uint8_t { Unicode, Porter, Trigram };
std::string_view to_text(TextTokenizer tokenizer) noexcept;  // unicode, porter, trigram
Result<TextTokenizer> parse_text(std::type_identity<TextTokenizer>, std::string_view text);

// One full-text index per table, over some of its columns.
struct TextIndexDefinition {
    std::string table;
    std::vector<std::string> columns;
    TextTokenizer tokenizer = TextTokenizer::Unicode;
};

struct TextIndexInfo {
    TextIndexDefinition definition;
    std::uint64_t rows = 0;
    bool ready = false;  // false: it is being filled
};

struct TextBuild {
    TextIndexInfo info;
    bool replaced = false;
    std::chrono::milliseconds took{0};
};

struct TextHit {
    std::int64_t row_id = 0;  // the engine's
    double score = 0;         // BM25; larger is better
    bool operator==(const TextHit&) const = default;
};

// `expression` is in the language of FTS5: see text_expression().
struct TextQuery {
    identity::Tenant tenant;
    std::string table;
    std::string expression;
    std::size_t top_k = 10;
    async::Deadline deadline = async::Deadline::never();
    std::stop_token cancelled;
};

// What people type, in words, and how many of them a row has to hold.
enum class TextMode : std::uint8_t { All, Any, Phrase, Expression };
std::string_view to_text(TextMode mode) noexcept;  // all, any, phrase, expression
Result<TextMode> parse_text(std::type_identity<TextMode>, std::string_view text);

// `query` as an expression of FTS5. Except for TextMode::Expression nothing in it is an operator.
// Errors: InvalidArgument "invalid_text_query" when there is no word in it.
Result<std::string> text_expression(std::string_view query, TextMode mode);

}  // namespace zs::data
