#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// SQL text as the engine's own scanner cuts it, so that what is rewritten is never inside a
// literal, a comment or a quoted name.
namespace zs::sqlite_data {

enum class TokenKind : std::uint8_t {
    Word,       // a keyword or a plain name
    Quoted,     // "name", `name`, [name]
    String,     // 'text'
    Blob,       // x'00ff'
    Number,     // 12, 0x1f, 1.5e3
    Parameter,  // ?, ?1, $a, :a, @a
    Symbol,     // anything else: one character, or one of <-> <=> <#> -> ->> || and so on
    Broken,     // a literal or quoted name without its end, or what the engine does not know
};

struct Token {
    TokenKind kind = TokenKind::Symbol;
    std::size_t begin = 0;
    std::size_t end = 0;
};

// `ARRAY[` opens a list: its brackets become symbols of their own, while [name] elsewhere stays a
// quoted name.
class Tokens {
public:
    explicit Tokens(std::string_view sql);

    std::size_t size() const { return tokens_.size(); }
    const Token& operator[](std::size_t i) const { return tokens_[i]; }
    std::string_view text(std::size_t i) const;
    // The token is there and is this word, whatever its case.
    bool is_word(std::size_t i, std::string_view upper) const;
    bool is_symbol(std::size_t i, std::string_view symbol) const;
    bool is_name(std::size_t i) const;
    // A plain or quoted name in lower case, without its quotes.
    std::string name(std::size_t i) const;
    // The parenthesis or bracket that belongs to token i, which opens or closes one; npos without.
    std::size_t partner(std::size_t i) const { return partners_[i]; }
    // How many parentheses and brackets are open before token i.
    std::size_t depth(std::size_t i) const { return depths_[i]; }

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

private:
    void cut();
    void pair_up();

    std::string_view sql_;
    std::vector<Token> tokens_;
    std::vector<std::size_t> partners_;
    std::vector<std::size_t> depths_;
};

}  // namespace zs::sqlite_data
