#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zs::documents {

enum class ValueKind : std::uint8_t { Missing, Null, Boolean, Integer, Real, Text, Json };

// One extracted value. Text is unescaped; Json is the compact text of an object or array.
// Lifetime: as its batch.
struct Value {
    ValueKind kind = ValueKind::Missing;
    bool boolean = false;
    std::int64_t integer = 0;
    double real = 0;  // also whole numbers beyond 64 signed bits
    std::string_view text;
};

// Why a document was rejected. `code` is the API's: "invalid_json", "document_too_large",
// "duplicate_key", "not_an_object", "nesting_too_deep".
struct Rejection {
    std::string code;
    std::string message;
};

// Where a stream can be taken up again: between documents.
enum class Place : std::uint8_t { TopLevel, ArrayBegin, ArrayValue, ArrayAfterValue };
struct Position {
    std::uint64_t offset = 0;
    std::uint64_t line = 1;
    std::uint64_t index = 0;  // documents before it
    Place place = Place::TopLevel;
    bool operator==(const Position&) const = default;
};

// One document, or the place where one was rejected. Lifetime: as its batch.
struct Document {
    std::string_view json;     // as received, without surrounding blanks; cut when rejected
    std::uint64_t index = 0;   // in the stream, from 0; rejected ones count
    std::uint64_t offset = 0;  // bytes of the stream before it
    std::uint64_t line = 1;    // from 1
    Value id;                  // `_id`, else the field that stands for it
    std::size_t values = 0;    // its first value in the batch
    std::int32_t rejection = -1;
    Place place = Place::TopLevel;

    // Before it, so that it comes again.
    Position position() const {
        return {.offset = offset, .line = line, .index = index, .place = place};
    }
    bool is_rejected() const { return rejection >= 0; }
};

class Extractor;

// Documents that are handled together, with the memory they point into.
// Threading: immutable once the reader has given it away.
class DocumentBatch {
public:
    explicit DocumentBatch(std::size_t fields) : fields_(fields) {}
    DocumentBatch(const DocumentBatch&) = delete;
    DocumentBatch& operator=(const DocumentBatch&) = delete;

    const std::vector<Document>& documents() const { return documents_; }
    const Value& value(const Document& document, std::size_t field) const {
        return values_[document.values + field];
    }
    const Rejection& rejection(const Document& document) const {
        return rejections_[static_cast<std::size_t>(document.rejection)];
    }
    bool empty() const { return documents_.empty(); }
    std::size_t fields() const { return fields_; }
    std::size_t rejected() const { return rejections_.size(); }
    // Of the documents' text.
    std::size_t bytes() const { return bytes_; }
    // Behind the last document.
    const Position& end() const { return end_; }

    // Takes the values out of every document anew, as `extractor` wants them: `fields` of each.
    void extract_again(Extractor& extractor, std::size_t fields);

private:
    friend class DocumentReader;
    friend class Extractor;

    // Memory that does not move. `room` bytes and the parser's padding behind them.
    struct Chunk {
        std::unique_ptr<char[]> memory;
        std::size_t used = 0;
        std::size_t room = 0;
    };
    Chunk& add_chunk(std::size_t room);
    std::string_view keep(std::string_view text);  // a copy that lives as long as the batch
    void reject(Document document, std::string code, std::string message);

    std::size_t fields_;
    std::size_t bytes_ = 0;
    Position end_;
    std::vector<Document> documents_;
    std::vector<Value> values_;
    std::vector<Rejection> rejections_;
    std::vector<Chunk> chunks_;
    std::vector<Chunk> texts_;
};

}  // namespace zs::documents
