#pragma once

#include <cstddef>
#include <string_view>

namespace zs::documents {

// Finds where a JSON value ends without parsing it: brackets are counted, strings are skipped.
// What it delimits is not known to be JSON. Call it again with more bytes of the same value; it
// goes on where it was.
// Threading: one at a time.
class ValueScanner {
public:
    void begin() { *this = {}; }
    // `text` begins with the value. True: it ends at `end()`. False: there is more to come.
    bool scan(std::string_view text);
    // Bytes of the value once scan() said true; how far it looked otherwise.
    std::size_t end() const { return at_; }
    // The bytes looked at so far are thrown away: the next text begins behind them.
    void forget_seen() { at_ = 0; }
    // True when the input may end here: a number or a word has no end of its own.
    bool may_end() const { return kind_ == Kind::Word; }

private:
    enum class Kind : unsigned char { None, Word, Text, Nested };
    bool scan_word(std::string_view text);
    bool scan_text(std::string_view text);
    bool scan_nested(std::string_view text);

    Kind kind_ = Kind::None;
    bool in_text_ = false;
    bool escaped_ = false;
    std::size_t depth_ = 0;
    std::size_t at_ = 0;
};

}  // namespace zs::documents
