#include "adapters/http/target.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace zs::http {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Visible ASCII but '#', every '%' followed by two digits that do not spell NUL.
bool is_well_formed(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c <= ' ' || c > '~' || c == '#') return false;
        if (c != '%') continue;
        if (i + 2 >= text.size()) return false;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
        i += 2;
    }
    return true;
}

bool is_authority(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '/' && c != '@' && c != '?' && c != '#' && c != '\\';
    });
}

void split_query(std::string_view text, Target& target) {
    const auto mark = text.find('?');
    target.path = text.substr(0, mark);
    if (mark != std::string_view::npos) target.query = text.substr(mark + 1);
}

std::optional<Target> parse_absolute(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const auto scheme = text.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
        return std::nullopt;
    }
    Target target;
    target.form = Target::Form::Absolute;
    const auto rest = text.substr(scheme_end + 3);
    const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
    target.authority = rest.substr(0, authority_end);
    if (!is_authority(target.authority)) return std::nullopt;
    split_query(rest.substr(authority_end), target);
    if (target.path.empty()) target.path = "/";
    return target;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
    if (text.empty() || !is_well_formed(text)) return std::nullopt;
    Target target;
    if (text[0] == '/') {
        split_query(text, target);
        return target;
    }
    if (text == "*") {
        target.form = Target::Form::Asterisk;
        target.path = text;
        return target;
    }
    if (auto absolute = parse_absolute(text)) return absolute;
    if (!is_authority(text) || text.find(':') == std::string_view::npos) return std::nullopt;
    target.form = Target::Form::Authority;
    target.authority = text;
    return target;
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::IsBlank) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    std::size_t start = 0;
    while (start < query.size()) {
        const auto end = std::min(query.find('&', start), query.size());
        const auto pair = query.substr(start, end - start);
        start = end + 1;
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto key = pair.substr(0, equals);
        const bool escaped = key.find_first_of("%+") != std::string_view::npos;
        if (escaped ? percent_decode(key, Plus::IsBlank) != name : key != name) continue;
        if (equals == std::string_view::npos) return std::string();
        return percent_decode(pair.substr(equals + 1), Plus::IsBlank);
    }
    return std::nullopt;
}

}  // namespace zs::http
