#include "support/http_response.hpp"

#include "support/failure.hpp"

#include <charconv>

namespace zs::bench {

namespace {

constexpr std::size_t kHeadMax = 65536;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// The value when `line` is the header `name` (lower case, with the colon).
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
    if (line.size() < name.size()) return std::nullopt;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (lower(line[i]) != name[i]) return std::nullopt;
    }
    line.remove_prefix(name.size());
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
        line.remove_prefix(1);
    return line;
}

template <class Number>
Number number_of(std::string_view text, int base, const char* what) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end == text.data()) {
        throw Failure(std::string("not a ") + what + " in a response: " + std::string(text));
    }
    return number;
}

}  // namespace

void ResponseParser::read_head(std::string_view head) {
    if (!head.starts_with("HTTP/1.") || head.size() < 12) {
        throw Failure("not an HTTP response: " + std::string(head.substr(0, 40)));
    }
    current_.status = number_of<int>(head.substr(9, 3), 10, "status");
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
        const std::size_t end = head.find("\r\n", at);
        const std::string_view line = head.substr(at, end - at);
        at = end + 2;
        if (line.empty()) break;
        const char first = lower(line[0]);
        if (first != 'c' && first != 't') continue;
        if (const auto length = value_of(line, "content-length:")) {
            content_length_ = number_of<std::uint64_t>(*length, 10, "length");
        } else if (const auto coding = value_of(line, "transfer-encoding:")) {
            current_.chunked = *coding == "chunked";
        } else if (const auto connection = value_of(line, "connection:")) {
            current_.closes = *connection == "close";
        }
    }
}

// Moves over whole chunks; true after the last one. Trailers are not supported: nobody sends any.
bool ResponseParser::read_chunks(std::string_view bytes) {
    while (true) {
        const std::size_t line_end = bytes.find("\r\n", chunk_at_);
        if (line_end == std::string_view::npos) return false;
        const auto line = bytes.substr(chunk_at_, line_end - chunk_at_);
        const auto size = number_of<std::size_t>(line, 16, "chunk size");
        const std::size_t next = line_end + 2 + size + 2;
        if (bytes.size() < next) return false;
        chunk_at_ = next;
        if (size == 0) return true;
    }
}

std::optional<ResponseParser::Response> ResponseParser::parse(std::string_view bytes) {
    if (current_.head_size == 0) {
        const std::size_t end = bytes.find(kEndOfHead, searched_);
        if (end == std::string_view::npos) {
            if (bytes.size() > kHeadMax) throw Failure("a response head without an end");
            searched_ = bytes.size() < 3 ? 0 : bytes.size() - 3;
            return std::nullopt;
        }
        current_.head_size = end + kEndOfHead.size();
        read_head(bytes.substr(0, current_.head_size));
        chunk_at_ = current_.head_size;
    }
    if (current_.chunked) {
        if (!read_chunks(bytes)) return std::nullopt;
        current_.total_size = chunk_at_;
    } else {
        current_.total_size = current_.head_size + content_length_;
        if (bytes.size() < current_.total_size) return std::nullopt;
    }
    const Response done = current_;
    *this = {};
    return done;
}

std::string body_of(const ResponseParser::Response& response, std::string_view bytes) {
    bytes = bytes.substr(response.head_size, response.total_size - response.head_size);
    if (!response.chunked) return std::string(bytes);
    std::string body;
    while (true) {
        const std::size_t line_end = bytes.find("\r\n");
        const auto size = number_of<std::size_t>(bytes.substr(0, line_end), 16, "chunk size");
        if (size == 0) return body;
        body.append(bytes.substr(line_end + 2, size));
        bytes.remove_prefix(line_end + 2 + size + 2);
    }
}

}  // namespace zs::bench
