#pragma once

#include "base/error.hpp"
#include "documents/document_batch.hpp"
#include "documents/extractor.hpp"
#include "documents/value_scanner.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace zs::documents {

enum class Form : std::uint8_t {
    Lines,   // NDJSON: one document per line, blank lines are skipped
    Values,  // JSON: values in a row; an array stands for its elements
};

struct ReaderLimits {
    std::size_t document_bytes_max = std::size_t{1} << 20;
    // A batch is full with so many documents, or when they took so many bytes of the stream.
    std::size_t batch_documents_max = 10'000;
    std::size_t batch_bytes_max = std::size_t{4} << 20;
};

// Turns a stream of bytes into batches of documents.
//
//     reader.feed(piece);            as often as bytes come
//     if (reader.is_full()) …        then take() before more is fed, or memory grows
//     reader.finish();               no more bytes; take() until nothing is left
//
// Errors: rejected documents stand in the batch. failure() is for JSON that cannot be read on:
//         InvalidArgument "invalid_json", details line, offset; what came before it stays good.
// Threading: one at a time. Batches are independent of it.
class DocumentReader {
public:
    DocumentReader(Form form, Extraction wanted, ReaderLimits limits, Position start = {});

    void feed(std::string_view bytes);
    void finish();
    bool is_full() const;
    // What has been read and not been taken. It may be more than is_full() says, by one document.
    const DocumentBatch& batch() const { return *batch_; }
    // Gives it away and reads on in what was fed already.
    std::unique_ptr<DocumentBatch> take();
    // From here on, and in the current batch, other values are taken out of the documents.
    void extract(Extraction wanted);
    // Everything was read: after finish(), when no document is left behind the current batch.
    bool at_end() const { return finished_ && !is_full(); }
    const std::optional<Error>& failure() const { return failure_; }
    // Of the stream, as far as it was understood.
    std::uint64_t offset() const { return offset_; }

private:
    std::string_view pending() const;
    void make_room(std::size_t bytes);
    void advance(std::size_t bytes);
    void scan();
    bool scan_line();
    void take_line(std::string_view line);
    bool scan_value();
    bool skip_blanks();
    bool step_array(char c);
    bool read_value();
    void end_value(std::size_t size);
    bool skip_oversized();
    void begin_oversized(std::string_view text, std::size_t lead);
    void reject_oversized();
    void fail(std::string message);
    Document document_at(std::string_view json, std::size_t lead) const;
    void note_end();

    Form form_;
    ReaderLimits limits_;
    Extractor extractor_;
    ValueScanner scanner_;
    std::size_t fields_;
    std::unique_ptr<DocumentBatch> batch_;
    std::uint64_t batch_offset_ = 0;  // of its first byte

    std::size_t begin_ = 0;              // of what is pending, in the batch's last chunk
    std::size_t seen_ = 0;               // Lines: pending bytes without a line's end
    bool in_value_ = false;              // Values: the scanner is inside one
    std::optional<Document> oversized_;  // being skipped; its text is in oversized_text_
    std::string oversized_text_;
    std::size_t chunk_bytes_;
    std::uint64_t offset_;
    std::uint64_t line_;
    std::uint64_t index_;
    Place place_;
    bool finished_ = false;
    std::optional<Error> failure_;
};

}  // namespace zs::documents
