#include "adapters/cli/exported_text.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace zs::cli {
namespace {

class ExportedLines final : public ExportedText {
public:
    using ExportedText::ExportedText;
    std::string last_id() const override {
        const auto parsed = parse_json(last());
        const auto* id =
            parsed && parsed->is_object() ? parsed->get_object().if_contains("_id") : nullptr;
        if (id == nullptr) return {};
        return id->is_string() ? std::string(id->get_string()) : write_json(*id);
    }

private:
    std::size_t end_of_record(std::string_view text, std::size_t at) override {
        const auto end = text.find('\n', at);
        return end == std::string_view::npos ? end : end + 1;
    }
    bool has_head() const override { return false; }
};

// Source: RFC 4180. A line end inside quotes belongs to the record.
class ExportedCsv final : public ExportedText {
public:
    using ExportedText::ExportedText;
    std::string last_id() const override {
        const std::string& record = last();
        if (!record.starts_with('"')) return record.substr(0, record.find_first_of(",\r\n"));
        std::string id;
        for (std::size_t i = 1; i < record.size(); ++i) {
            if (record[i] == '"' && (++i >= record.size() || record[i] != '"')) break;
            id += record[i];
        }
        return id;
    }

private:
    std::size_t end_of_record(std::string_view text, std::size_t at) override {
        for (; at < text.size(); ++at) {
            if (text[at] == '"') quoted_ = !quoted_;
            if (text[at] == '\n' && !quoted_) return at + 1;
        }
        return std::string_view::npos;
    }
    bool has_head() const override { return true; }
    void forget_record() override { quoted_ = false; }

    bool quoted_ = false;
};

}  // namespace

bool ExportedText::add(std::string_view piece) {
    rest_ += piece;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = end_of_record(rest_, seen_);
        if (end == std::string_view::npos) break;
        const std::string_view record = std::string_view(rest_).substr(begin, end - begin);
        const bool head = has_head() && head_comes_;
        head_comes_ = false;
        if (!head || !head_written_) {
            out_ << record;
            written_ += record.size();
        }
        if (head) {
            head_written_ = true;
        } else {
            last_.assign(record);
            ++documents_;
        }
        begin = seen_ = end;
    }
    rest_.erase(0, begin);
    seen_ = rest_.size();
    return out_.good();
}

void ExportedText::begin_again() {
    rest_.clear();
    seen_ = 0;
    head_comes_ = true;
    forget_record();
}

void ExportedText::finish() {
    const bool head = has_head() && head_comes_;
    if (head && head_written_) return;
    out_ << rest_;
    written_ += rest_.size();
}

std::optional<std::uint64_t> estimated_bytes(const ExportedText& text,
                                             std::uint64_t documents_total) {
    if (text.documents() == 0 || documents_total == 0) return std::nullopt;
    const double each = static_cast<double>(text.written()) / static_cast<double>(text.documents());
    const auto all = static_cast<std::uint64_t>(each * static_cast<double>(documents_total));
    return std::max(text.written(), all);
}

std::unique_ptr<ExportedText> make_exported_text(std::string_view format, std::ostream& out) {
    if (format == "csv") return std::make_unique<ExportedCsv>(out);
    return std::make_unique<ExportedLines>(out);
}

}  // namespace zs::cli
