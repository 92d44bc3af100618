#include "adapters/http/head.hpp"

#include "base/encoding.hpp"

#include <charconv>
#include <cstring>

namespace zs::http {
namespace {

constexpr std::size_t kMethodBytesMax = 24;

// Character classes of RFC 9110 section 5.6.2 and 5.5.
enum : std::uint8_t { kToken = 1, kFieldValue = 2, kHost = 4 };

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        std::uint8_t bits = 0;
        if (alnum
            || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c))
                   != std::string_view::npos) {
            bits |= kToken;
        }
        if (c == '\t' || (c >= ' ' && c != 0x7F)) bits |= kFieldValue;
        if (alnum
            || std::string_view("-._~:[]%!$&'()*+,;=").find(static_cast<char>(c))
                   != std::string_view::npos) {
            bits |= kHost;
        }
        table[c] = bits;
    }
    table[0] = 0;
    return table;
}
constexpr auto kClasses = make_classes();

bool all_of_class(std::string_view text, std::uint8_t wanted) {
    std::uint8_t common = wanted;
    for (const char c : text)
        common &= kClasses[static_cast<unsigned char>(c)];
    return common == wanted;
}

Method method_of(std::string_view text) {
    switch (text.size()) {
        case 3:
            if (text == "GET") return Method::Get;
            if (text == "PUT") return Method::Put;
            break;
        case 4:
            if (text == "POST") return Method::Post;
            if (text == "HEAD") return Method::Head;
            break;
        case 5:
            if (text == "PATCH") return Method::Patch;
            break;
        case 6:
            if (text == "DELETE") return Method::Delete;
            break;
        case 7:
            if (text == "OPTIONS") return Method::Options;
            break;
        default: break;
    }
    return Method::Other;
}

struct KnownName {
    std::string_view name;
    Known field;
};
constexpr KnownName kKnownNames[] = {
    {"accept", Known::Accept},
    {"accept-encoding", Known::AcceptEncoding},
    {"authorization", Known::Authorization},
    {"content-encoding", Known::ContentEncoding},
    {"content-length", Known::ContentLength},
    {"content-type", Known::ContentType},
    {"expect", Known::Expect},
    {"host", Known::Host},
    {"origin", Known::Origin},
    {"x-request-id", Known::RequestId},
    {"traceparent", Known::Traceparent},
    {"transfer-encoding", Known::TransferEncoding},
    {"x-api-key", Known::ApiKey},
};

std::optional<Known> known_of(std::string_view name) {
    for (const auto& known : kKnownNames) {
        if (known.name.size() == name.size() && equals_ignoring_case(known.name, name)) {
            return known.field;
        }
    }
    return std::nullopt;
}

// Calls `visit` for each element of a comma list.
template <class Visit>
void each_element(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        const auto element = trim(list.substr(0, end));
        if (!element.empty()) visit(element);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

}  // namespace

const HeadField* RequestHead::find(std::string_view name) const {
    for (const auto& field : fields) {
        if (field.name.size() == name.size() && equals_ignoring_case(field.name, name))
            return &field;
    }
    return nullptr;
}

void RequestHead::clear() {
    fields.clear();
    method = Method::Other;
    method_text = {};
    target = {};
    minor_version = 1;
    known.fill({});
    present.fill(false);
    size = 0;
    chunked = false;
    content_length.reset();
    keep_alive = true;
    expect_continue = false;
}

void HeadParser::reset() {
    scanned_ = 0;
    line_start_ = 0;
    fields_start_ = 0;
    blank_lines_ = 0;
    problem_ = {};
}

HeadParser::Status HeadParser::bad(std::string_view problem) {
    problem_ = problem;
    return Status::Bad;
}

HeadParser::Status HeadParser::check_limits(std::size_t line_end) const {
    if (fields_start_ == 0) {
        return line_end - line_start_ > limits_.line_max ? Status::LineTooLong : Status::NeedMore;
    }
    return line_end - fields_start_ > limits_.block_max ? Status::TooLarge : Status::NeedMore;
}

HeadParser::Status HeadParser::parse(std::string_view buffer, RequestHead& head) {
    if (scanned_ == 0) head.clear();
    while (true) {
        // Bytes that cannot begin a request line (a TLS hello, say) are refused without waiting.
        if (fields_start_ == 0 && line_start_ < buffer.size() && buffer[line_start_] != '\r'
            && !all_of_class(buffer.substr(line_start_, 1), kToken)) {
            return bad("the request does not begin with a method");
        }
        const char* from = buffer.data() + scanned_;
        const auto* newline =
            scanned_ == buffer.size()
                ? nullptr
                : static_cast<const char*>(std::memchr(from, '\n', buffer.size() - scanned_));
        if (newline == nullptr) {
            scanned_ = buffer.size();
            return check_limits(buffer.size());
        }
        const auto end = static_cast<std::size_t>(newline - buffer.data());
        if (const auto limit = check_limits(end); limit != Status::NeedMore) return limit;
        if (end == line_start_ || buffer[end - 1] != '\r') {
            return bad("a line ends with LF instead of CRLF");
        }
        const auto line = buffer.substr(line_start_, end - 1 - line_start_);
        scanned_ = end + 1;
        line_start_ = end + 1;
        const auto status = parse_line(line, head);
        if (status == Status::Complete) head.size = line_start_;
        if (status != Status::NeedMore) return status;
    }
}

// NeedMore means: go on with the next line.
HeadParser::Status HeadParser::parse_line(std::string_view line, RequestHead& head) {
    if (fields_start_ == 0) {
        // Some old clients send a CRLF after a body.
        if (line.empty()) {
            return ++blank_lines_ > 2 ? bad("blank lines before the request") : Status::NeedMore;
        }
        fields_start_ = line_start_;
        return parse_request_line(line, head);
    }
    if (line.empty()) return finish(head);
    if (head.fields.size() >= limits_.fields_max) return Status::TooLarge;
    return parse_field(line, head);
}

HeadParser::Status HeadParser::parse_request_line(std::string_view line, RequestHead& head) {
    const auto method_end = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || method_end == target_end) {
        return bad("the request line is not 'METHOD target HTTP/1.1'");
    }
    head.method_text = line.substr(0, method_end);
    if (head.method_text.empty() || head.method_text.size() > kMethodBytesMax
        || !all_of_class(head.method_text, kToken)) {
        return bad("the method is not a token");
    }
    head.method = method_of(head.method_text);

    const auto version = line.substr(target_end + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5])
        || version[6] != '.' || !is_digit(version[7])) {
        return bad("the request line does not end with an HTTP version");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return Status::UnknownVersion;
    head.minor_version = version[7] - '0';

    const auto target = parse_target(line.substr(method_end + 1, target_end - method_end - 1));
    if (!target) return bad("the request target is malformed");
    const bool connect = head.method_text == "CONNECT";
    if (connect != (target->form == Target::Form::Authority)
        || (target->form == Target::Form::Asterisk && head.method != Method::Options)) {
        return bad("the request target does not fit the method");
    }
    head.target = *target;
    return Status::NeedMore;
}

HeadParser::Status HeadParser::parse_field(std::string_view line, RequestHead& head) {
    if (line[0] == ' ' || line[0] == '\t') return bad("a header field is folded over two lines");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a header field has no colon");
    const auto name = line.substr(0, colon);
    if (name.empty() || !all_of_class(name, kToken))
        return bad("a header field's name is malformed");
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
        value.remove_suffix(1);
    if (!all_of_class(value, kFieldValue)) {
        return bad("a header field's value holds a control character");
    }
    head.fields.push_back({name, value});
    if (const auto known = known_of(name)) return note_known(*known, value, head);
    if (name.size() == 10 && equals_ignoring_case(name, "connection")) {
        each_element(value, [&](std::string_view option) {
            if (equals_ignoring_case(option, "close")) head.keep_alive = false;
        });
    }
    return Status::NeedMore;
}

HeadParser::Status HeadParser::note_known(Known field, std::string_view value, RequestHead& head) {
    const auto index = static_cast<std::size_t>(field);
    if (head.present[index]) {
        // These two are lists by nature: several lines mean one. The first is what we look at.
        if (field == Known::Accept || field == Known::AcceptEncoding) return Status::NeedMore;
        switch (field) {
            case Known::ContentLength: return bad("Content-Length appears twice");
            case Known::TransferEncoding: return bad("Transfer-Encoding appears twice");
            case Known::Host: return bad("Host appears twice");
            case Known::Authorization:
            case Known::ApiKey: return bad("the request has two credentials");
            default: return bad("a header field that may appear once appears twice");
        }
    }
    head.present[index] = true;
    head.known[index] = value;
    return Status::NeedMore;
}

HeadParser::Status HeadParser::check_framing(RequestHead& head) {
    if (head.has(Known::TransferEncoding)) {
        if (head.has(Known::ContentLength)) {
            return bad("both Content-Length and Transfer-Encoding are given");
        }
        if (head.minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
        const auto coding = head.get(Known::TransferEncoding);
        if (equals_ignoring_case(coding, "chunked")) {
            head.chunked = true;
            return Status::Complete;
        }
        const auto last = trim(coding.substr(coding.rfind(',') + 1));
        if (equals_ignoring_case(last, "chunked") && coding.size() != last.size()) {
            return Status::UnknownCoding;
        }
        return bad("Transfer-Encoding does not end with chunked");
    }
    if (head.has(Known::ContentLength)) {
        const auto text = head.get(Known::ContentLength);
        std::uint64_t length = 0;
        const bool digits = !text.empty() && text.size() <= 18
                            && text.find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits) return bad("Content-Length is not a number");
        std::from_chars(text.data(), text.data() + text.size(), length);
        head.content_length = length;
    }
    return Status::Complete;
}

HeadParser::Status HeadParser::finish(RequestHead& head) {
    if (!head.has(Known::Host) && head.minor_version == 1) return bad("Host is missing");
    if (!all_of_class(head.get(Known::Host), kHost)) return bad("Host is malformed");
    if (head.target.form == Target::Form::Absolute) {
        // RFC 9112 section 3.2.2: the target wins, so that nobody sees another host than the proxy.
        head.known[static_cast<std::size_t>(Known::Host)] = head.target.authority;
        for (auto& field : head.fields) {
            if (equals_ignoring_case(field.name, "host")) field.value = head.target.authority;
        }
    }
    if (const auto status = check_framing(head); status != Status::Complete) return status;
    if (head.minor_version == 0) {
        bool asked = false;
        for (const auto& field : head.fields) {
            if (!equals_ignoring_case(field.name, "connection")) continue;
            each_element(field.value, [&](std::string_view option) {
                asked = asked || equals_ignoring_case(option, "keep-alive");
            });
        }
        head.keep_alive = head.keep_alive && asked;
    } else if (head.has(Known::Expect)) {
        if (!equals_ignoring_case(head.get(Known::Expect), "100-continue")) {
            return Status::UnknownExpectation;
        }
        head.expect_continue = head.has_body();
    }
    return Status::Complete;
}

}  // namespace zs::http
