#include "adapters/http/multipart.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace zs::http {
namespace {

constexpr std::size_t kBoundaryMax = 70;

Error broken(std::string_view what) {
    return invalid_argument("the multipart body is malformed: " + std::string(what),
                            "invalid_multipart");
}

// RFC 2046 section 5.1.1: bchars, not ending with a blank.
bool is_boundary(std::string_view text) {
    constexpr std::string_view kMarks = "'()+_,-./:=? ";
    return !text.empty() && text.size() <= kBoundaryMax && text.back() != ' '
           && std::all_of(text.begin(), text.end(), [&](char c) {
                  const bool alphanumeric =
                      (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                  return alphanumeric || kMarks.find(c) != std::string_view::npos;
              });
}

struct Parameter {
    std::string name;
    std::string value;
};

// "; name=value; name=\"value\"". A quoted value may escape with a backslash.
std::optional<std::vector<Parameter>> read_parameters(std::string_view text) {
    std::vector<Parameter> out;
    while (true) {
        text = trim(text);
        if (text.empty()) return out;
        if (text.front() != ';') return std::nullopt;
        text = trim(text.substr(1));
        const auto equals = text.find('=');
        if (equals == std::string_view::npos || equals == 0) return std::nullopt;
        Parameter parameter;
        parameter.name = to_lower(trim(text.substr(0, equals)));
        text.remove_prefix(equals + 1);
        if (text.empty() || text.front() != '"') {
            const auto end = std::min(text.find(';'), text.size());
            parameter.value = trim(text.substr(0, end));
            text.remove_prefix(end);
        } else {
            std::size_t at = 1;
            for (; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\' && ++at == text.size()) return std::nullopt;
                parameter.value += text[at];
            }
            if (at == text.size()) return std::nullopt;
            text.remove_prefix(at + 1);
        }
        out.push_back(std::move(parameter));
    }
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
    const auto semicolon = std::min(content_type.find(';'), content_type.size());
    const auto name = trim(content_type.substr(0, semicolon));
    if (!equals_ignoring_case(name, "multipart/form-data")) return std::string();
    const auto parameters = read_parameters(content_type.substr(semicolon));
    std::string boundary;
    int found = 0;
    for (const auto& parameter : parameters.value_or(std::vector<Parameter>())) {
        if (parameter.name != "boundary") continue;
        boundary = parameter.value;
        ++found;
    }
    if (found != 1 || !is_boundary(boundary)) return broken("its Content-Type names no boundary");
    return boundary;
}

MultipartFile::MultipartFile(std::string boundary) : delimiter_("\r\n--" + std::move(boundary)) {}

Result<void> MultipartFile::feed(std::string_view bytes, std::string& out) {
    pending_ += bytes;
    while (true) {
        auto more = go_on(out);
        if (!more) return std::move(more).error();
        if (!*more) return {};
    }
}

Result<void> MultipartFile::finish() const {
    if (state_ == State::End && (pending_.empty() || pending_ == "\r\n")) return {};
    return broken("it ends before its last boundary");
}

Result<bool> MultipartFile::go_on(std::string& out) {
    switch (state_) {
        case State::Start: return read_start();
        case State::Head: return read_head();
        case State::Content: return read_content(out);
        case State::AfterContent: return read_after();
        case State::End: break;
    }
    if (!std::string_view("\r\n").starts_with(pending_)) {
        return broken("something follows its last boundary");
    }
    return false;
}

Result<bool> MultipartFile::read_start() {
    const std::string wanted = delimiter_.substr(2) + "\r\n";
    const auto size = std::min(wanted.size(), pending_.size());
    if (pending_.compare(0, size, wanted, 0, size) != 0) {
        return broken("it does not begin with its boundary");
    }
    if (size < wanted.size()) return false;
    pending_.erase(0, size);
    state_ = State::Head;
    return true;
}

Result<bool> MultipartFile::read_head() {
    const auto end = pending_.find("\r\n");
    if (head_bytes_ + std::min(end, pending_.size()) > kHeadBytesMax) {
        return broken("the header of its part is too long");
    }
    if (end == std::string::npos) return false;
    head_bytes_ += end + 2;
    const std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 2);
    if (!line.empty()) {
        auto read = read_head_line(line);
        if (!read) return std::move(read).error();
        return true;
    }
    if (!has_disposition_) return broken("its part has no Content-Disposition");
    state_ = State::Content;
    // An empty file: the delimiter's line end is the one that ended the header.
    pending_.insert(0, "\r\n");
    borrowed_ = 2;
    return true;
}

Result<void> MultipartFile::read_head_line(std::string_view line) {
    const auto colon = line.find(':');
    const bool clean = std::none_of(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F';
    });
    if (!clean || colon == std::string_view::npos || colon == 0 || line.front() == ' '
        || line[colon - 1] == ' ' || line.front() == '\t') {
        return broken("a header line of its part cannot be read");
    }
    const std::string name = to_lower(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (name == "content-disposition") {
        const auto semicolon = std::min(value.find(';'), value.size());
        const auto parameters = read_parameters(value.substr(semicolon));
        const auto count = [&](std::string_view wanted) {
            const auto all = parameters.value_or(std::vector<Parameter>());
            return std::count_if(all.begin(), all.end(),
                                 [&](const Parameter& one) { return one.name == wanted; });
        };
        const bool form_data = equals_ignoring_case(trim(value.substr(0, semicolon)), "form-data");
        if (has_disposition_ || !form_data || count("name") != 1) {
            return broken("its part needs one Content-Disposition: form-data with a name");
        }
        if (count("filename") + count("filename*") == 0) {
            return broken("its part is no file: it has no filename");
        }
        has_disposition_ = true;
    } else if (name == "content-type") {
        if (std::exchange(has_type_, true)) return broken("its part has two types");
        content_type_ = value;
    } else if (name == "content-digest") {
        content_digest_ = value;
    } else if (name == "content-transfer-encoding" && !equals_ignoring_case(value, "binary")
               && !equals_ignoring_case(value, "8bit") && !equals_ignoring_case(value, "7bit")) {
        return broken("its part must not have a Content-Transfer-Encoding");
    }
    return {};
}

Result<bool> MultipartFile::read_content(std::string& out) {
    const auto at = pending_.find(delimiter_);
    if (at != std::string::npos) {
        if (at > 0) out.append(pending_, borrowed_, at - borrowed_);
        pending_.erase(0, at + delimiter_.size());
        state_ = State::AfterContent;
        return true;
    }
    // What may be the beginning of a delimiter stays.
    const std::size_t kept = delimiter_.size() - 1;
    if (pending_.size() <= kept + borrowed_) return false;
    const std::size_t sure = pending_.size() - kept;
    out.append(pending_, borrowed_, sure - borrowed_);
    pending_.erase(0, sure);
    borrowed_ = 0;
    return false;
}

Result<bool> MultipartFile::read_after() {
    if (pending_.size() < 2) return false;
    if (pending_.compare(0, 2, "--") == 0) {
        pending_.erase(0, 2);
        state_ = State::End;
        return true;
    }
    if (pending_.compare(0, 2, "\r\n") == 0) {
        return broken("it has more than one part; send one file");
    }
    return broken("a boundary is followed by something else");
}

}  // namespace zs::http
