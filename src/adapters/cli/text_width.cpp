#include "adapters/cli/text_width.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace zs::cli {
namespace {

constexpr UChar32 kJoiner = 0x200D;
constexpr UChar32 kEmojiVariation = 0xFE0F;

// Walks over text by code points; malformed bytes count as one U+FFFD each.
class CodePoints {
public:
    explicit CodePoints(std::string_view text) : text_(text) {}

    bool done() const { return at_ >= static_cast<std::int32_t>(text_.size()); }
    std::size_t position() const { return static_cast<std::size_t>(at_); }
    UChar32 next() {
        UChar32 point = 0;
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(text_.data());
        const auto size = static_cast<std::int32_t>(text_.size());
        U8_NEXT(bytes, at_, size, point);
        return point < 0 ? 0xFFFD : point;
    }

private:
    std::string_view text_;
    std::int32_t at_ = 0;
};

std::size_t width_of(UChar32 point) {
    switch (u_charType(point)) {
        case U_NON_SPACING_MARK:
        case U_ENCLOSING_MARK:
        case U_FORMAT_CHAR: return point == 0x00AD ? 1 : 0;  // a soft hyphen is drawn
        default: break;
    }
    if (point >= 0x1160 && point <= 0x11FF) return 0;  // medial and final Hangul join the first
    const auto wide = u_getIntPropertyValue(point, UCHAR_EAST_ASIAN_WIDTH);
    return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

bool is_regional_indicator(UChar32 point) {
    return point >= 0x1F1E6 && point <= 0x1F1FF;
}

// The width of what comes next when `before` stands in front of it.
class WidthMeter {
public:
    // By how much the text grows.
    std::size_t add(UChar32 point) {
        std::size_t grows = width_of(point);
        if (before_ == kJoiner) grows = 0;  // one picture made of several
        if (point == kEmojiVariation && before_width_ == 1
            && u_hasBinaryProperty(before_, UCHAR_EMOJI)) {
            grows = 1;
        }
        // Two regional indicators are one flag, two columns wide.
        if (is_regional_indicator(point)) {
            half_flag_ = !half_flag_;
            grows = half_flag_ ? 2 : 0;
        } else {
            half_flag_ = false;
        }
        if (u_hasBinaryProperty(point, UCHAR_EMOJI_MODIFIER) && before_width_ == 2) grows = 0;
        before_ = point;
        before_width_ = grows;
        return grows;
    }

private:
    UChar32 before_ = 0;
    std::size_t before_width_ = 0;
    bool half_flag_ = false;
};

void append_code_point(std::string& out, UChar32 point) {
    std::uint8_t bytes[U8_MAX_LENGTH];
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, point);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

bool is_control(UChar32 point) {
    const bool bidi = (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || bidi;
}

void append_escaped(std::string& out, UChar32 point) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (point == '\n') {
        out += "\\n";
    } else if (point == '\t') {
        out += "\\t";
    } else if (point == '\r') {
        out += "\\r";
    } else if (point < 0x100) {
        out += "\\x";
        out += kDigits[point >> 4];
        out += kDigits[point & 0xF];
    } else {
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
            out += kDigits[(point >> shift) & 0xF];
    }
}

std::string escape(std::string_view text, bool keep_lines) {
    std::string out;
    out.reserve(text.size());
    for (CodePoints points(text); !points.done();) {
        const auto point = points.next();
        const bool kept = keep_lines && (point == '\n' || point == '\t');
        if (is_control(point) && !kept) {
            append_escaped(out, point);
        } else {
            append_code_point(out, point);
        }
    }
    return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    WidthMeter meter;
    for (CodePoints points(text); !points.done();)
        width += meter.add(points.next());
    return width;
}

std::string printable(std::string_view text) {
    return escape(text, false);
}
std::string printable_lines(std::string_view text) {
    return escape(text, true);
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
    std::size_t width = 0;
    std::size_t fits = 0;  // bytes that leave room for the mark
    WidthMeter meter;
    for (CodePoints points(text); !points.done();) {
        width += meter.add(points.next());
        if (width + 1 <= columns) fits = points.position();
        if (width > columns) return std::string(text.substr(0, fits)) + (columns == 0 ? "" : "…");
    }
    return std::string(text);
}

std::string pad_right(std::string_view text, std::size_t columns) {
    std::string out(text);
    const auto width = display_width(text);
    if (width < columns) out.append(columns - width, ' ');
    return out;
}

std::string pad_left(std::string_view text, std::size_t columns) {
    const auto width = display_width(text);
    std::string out(width < columns ? columns - width : 0, ' ');
    return out.append(text);
}

}  // namespace zs::cli
