#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace zs::cli {

// What an export receives: whole records go on to the output, and the last one is remembered, so
// that a cut export can go on behind it. Threading: one at a time.
class ExportedText {
public:
    explicit ExportedText(std::ostream& out) : out_(out) {}
    virtual ~ExportedText() = default;

    // False when the output cannot be written.
    bool add(std::string_view piece);
    // The answer was cut: half a record comes again as a whole, and so does a head.
    void begin_again();
    // The answer is complete: what has no end of line is a record, too.
    void finish();
    // `_id` of the last whole document; "" for none yet.
    virtual std::string last_id() const = 0;
    std::uint64_t written() const { return written_; }
    std::uint64_t documents() const { return documents_; }

protected:
    // Looks on in `text` from `at`. The place behind the record's end, or npos, and then it goes on
    // there with more text.
    virtual std::size_t end_of_record(std::string_view text, std::size_t at) = 0;
    virtual bool has_head() const = 0;
    virtual void forget_record() {}
    const std::string& last() const { return last_; }

private:
    std::ostream& out_;
    std::string rest_;
    std::string last_;
    std::size_t seen_ = 0;  // of rest_
    std::uint64_t written_ = 0;
    std::uint64_t documents_ = 0;
    bool head_written_ = false;
    bool head_comes_ = true;
};

// How many bytes all documents have, if the rest are like those that came; nullopt before the first
// one. Never less than `written`.
std::optional<std::uint64_t> estimated_bytes(const ExportedText& text,
                                             std::uint64_t documents_total);

// "ndjson" or "csv", whose first column is `_id`.
std::unique_ptr<ExportedText> make_exported_text(std::string_view format, std::ostream& out);

}  // namespace zs::cli
