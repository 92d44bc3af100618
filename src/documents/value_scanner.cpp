#include "documents/value_scanner.hpp"

#include <array>

namespace zs::documents {
namespace {

enum Mark : unsigned char { kPlain, kQuote, kBackslash, kOpen, kClose, kWordEnd };

constexpr std::array<unsigned char, 256> make_marks() {
    std::array<unsigned char, 256> marks{};
    marks['"'] = kQuote;
    marks['\\'] = kBackslash;
    marks['{'] = marks['['] = kOpen;
    marks['}'] = marks[']'] = kClose;
    marks[' '] = marks['\t'] = marks['\n'] = marks['\r'] = marks[','] = kWordEnd;
    return marks;
}
constexpr auto kMarks = make_marks();

unsigned char mark_of(char c) {
    return kMarks[static_cast<unsigned char>(c)];
}

}  // namespace

bool ValueScanner::scan(std::string_view text) {
    if (kind_ == Kind::None) {
        if (text.empty()) return false;
        switch (mark_of(text.front())) {
            case kOpen: kind_ = Kind::Nested; break;
            case kQuote: kind_ = Kind::Text; break;
            default: kind_ = Kind::Word; break;
        }
    }
    switch (kind_) {
        case Kind::Text: return scan_text(text);
        case Kind::Nested: return scan_nested(text);
        case Kind::Word:
        case Kind::None: break;
    }
    return scan_word(text);
}

// A word has at least one byte, whatever it is, so that a scan always gets somewhere.
bool ValueScanner::scan_word(std::string_view text) {
    if (at_ == 0 && !in_text_) {
        at_ = 1;
        in_text_ = true;  // begun
    }
    while (at_ < text.size()) {
        if (mark_of(text[at_]) != kPlain) return true;
        ++at_;
    }
    return false;
}

bool ValueScanner::scan_text(std::string_view text) {
    while (at_ < text.size()) {
        const char c = text[at_++];
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            if (in_text_) return true;
            in_text_ = true;
        }
    }
    return false;
}

bool ValueScanner::scan_nested(std::string_view text) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* p = begin + at_;
    while (p < end) {
        if (in_text_) {
            if (escaped_) {
                escaped_ = false;
                ++p;
                continue;
            }
            while (p < end && *p != '"' && *p != '\\')
                ++p;
            if (p == end) break;
            if (*p++ == '\\') {
                escaped_ = true;
            } else {
                in_text_ = false;
            }
            continue;
        }
        const unsigned char mark = mark_of(*p++);
        if (mark == kQuote) {
            in_text_ = true;
        } else if (mark == kOpen) {
            ++depth_;
        } else if (mark == kClose && --depth_ == 0) {
            at_ = static_cast<std::size_t>(p - begin);
            return true;
        }
    }
    at_ = text.size();
    return false;
}

}  // namespace zs::documents
