#include "documents/document_reader.hpp"

#include <algorithm>
#include <cstring>

namespace zs::documents {
namespace {

constexpr std::size_t kChunkBytesMin = 8 * 1024;
constexpr std::size_t kChunkBytesMax = 512 * 1024;
constexpr std::size_t kShownOfOversized = 256;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::size_t blanks_before(std::string_view text) {
    std::size_t count = 0;
    while (count < text.size() && is_blank(text[count]))
        ++count;
    return count;
}

}  // namespace

DocumentReader::DocumentReader(Form form, Extraction wanted, ReaderLimits limits, Position start)
    : form_(form),
      limits_(limits),
      extractor_(wanted),
      fields_(wanted.fields.size()),
      batch_(std::make_unique<DocumentBatch>(fields_)),
      batch_offset_(start.offset),
      chunk_bytes_(kChunkBytesMin),
      offset_(start.offset),
      line_(start.line),
      index_(start.index),
      place_(start.place) {
    note_end();
}

std::string_view DocumentReader::pending() const {
    if (batch_->chunks_.empty()) return {};
    const auto& chunk = batch_->chunks_.back();
    return {chunk.memory.get() + begin_, chunk.used - begin_};
}

bool DocumentReader::is_full() const {
    // Bytes that are skipped fill nothing.
    if (batch_->empty()) return false;
    return batch_->documents_.size() >= limits_.batch_documents_max
           || offset_ - batch_offset_ >= limits_.batch_bytes_max;
}

void DocumentReader::make_room(std::size_t bytes) {
    if (!batch_->chunks_.empty()) {
        const auto& chunk = batch_->chunks_.back();
        if (chunk.room - chunk.used >= bytes) return;
    }
    const std::string_view left = pending();
    chunk_bytes_ = std::min(chunk_bytes_ * 2, kChunkBytesMax);
    // Twice what stands over: a long document is moved a few times and not with every piece.
    const std::size_t room = std::max(chunk_bytes_, left.size() * 2 + bytes);
    auto& chunk = batch_->add_chunk(room);
    std::ranges::copy(left, chunk.memory.get());
    chunk.used = left.size();
    begin_ = 0;
}

void DocumentReader::feed(std::string_view bytes) {
    if (failure_ || bytes.empty()) return;
    make_room(bytes.size());
    auto& chunk = batch_->chunks_.back();
    std::memcpy(chunk.memory.get() + chunk.used, bytes.data(), bytes.size());
    chunk.used += bytes.size();
    scan();
}

void DocumentReader::finish() {
    if (finished_) return;
    finished_ = true;
    scan();
}

std::unique_ptr<DocumentBatch> DocumentReader::take() {
    auto taken = std::move(batch_);
    const auto* last = taken->chunks_.empty() ? nullptr : &taken->chunks_.back();
    const std::string_view left =
        last == nullptr ? std::string_view()
                        : std::string_view(last->memory.get() + begin_, last->used - begin_);
    batch_ = std::make_unique<DocumentBatch>(fields_);
    batch_offset_ = offset_;
    begin_ = 0;
    note_end();
    if (!left.empty()) {
        auto& chunk = batch_->add_chunk(std::max(chunk_bytes_, left.size()));
        std::ranges::copy(left, chunk.memory.get());
        chunk.used = left.size();
    }
    scan();
    return taken;
}

void DocumentReader::extract(Extraction wanted) {
    fields_ = wanted.fields.size();
    extractor_ = Extractor(std::move(wanted));
    batch_->extract_again(extractor_, fields_);
}

void DocumentReader::advance(std::size_t bytes) {
    begin_ += bytes;
    offset_ += bytes;
}

void DocumentReader::note_end() {
    batch_->end_ = {.offset = offset_, .line = line_, .index = index_, .place = place_};
}

void DocumentReader::scan() {
    while (!failure_ && !is_full()) {
        const bool got_on = form_ == Form::Lines ? scan_line() : scan_value();
        if (!got_on) return;
    }
}

Document DocumentReader::document_at(std::string_view json, std::size_t lead) const {
    Document document;
    document.json = json;
    document.index = index_;
    document.offset = offset_ + lead;
    document.line = line_;
    document.place = place_;
    return document;
}

// ---- lines

bool DocumentReader::scan_line() {
    const std::string_view text = pending();
    const void* const found =
        text.size() > seen_ ? std::memchr(text.data() + seen_, '\n', text.size() - seen_) : nullptr;
    if (found == nullptr) {
        const std::size_t lead = blanks_before(text);
        if (lead == text.size() && !oversized_) {
            advance(lead);
            seen_ = 0;
            return false;
        }
        seen_ = text.size();
        if (!oversized_ && seen_ - lead > limits_.document_bytes_max) {
            begin_oversized(text.substr(lead), lead);
        }
        const bool dropped = oversized_.has_value();
        if (dropped) {
            // Nobody needs the bytes any more; the chunk takes others in their place.
            offset_ += text.size();
            if (!batch_->chunks_.empty()) batch_->chunks_.back().used = begin_;
            seen_ = 0;
        }
        if (!finished_ || (text.empty() && !oversized_)) return false;
        take_line(dropped ? std::string_view() : text);
        advance(dropped ? 0 : text.size());
        seen_ = 0;
        note_end();
        return false;
    }
    const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    take_line(text.substr(0, size));
    advance(size + 1);
    ++line_;
    seen_ = 0;
    note_end();
    return true;
}

void DocumentReader::take_line(std::string_view line) {
    if (oversized_) return reject_oversized();
    const std::size_t lead = blanks_before(line);
    std::size_t end = line.size();
    while (end > lead && is_blank(line[end - 1]))
        --end;
    if (lead == end) return;
    const std::string_view json = line.substr(lead, end - lead);
    // Blanks behind it count: when its bytes come one by one, nobody knows what follows.
    if (line.size() - lead > limits_.document_bytes_max) {
        begin_oversized(json, lead);
        return reject_oversized();
    }
    (void)extractor_.add(*batch_, document_at(json, lead));
    ++index_;
}

void DocumentReader::begin_oversized(std::string_view text, std::size_t lead) {
    oversized_text_ = text.substr(0, kShownOfOversized);
    oversized_ = document_at({}, lead);
}

void DocumentReader::reject_oversized() {
    oversized_->json = batch_->keep(oversized_text_);
    const std::string message = "line " + std::to_string(oversized_->line)
                                + ": the document is larger than "
                                + std::to_string(limits_.document_bytes_max) + " bytes";
    batch_->reject(*oversized_, "document_too_large", message);
    oversized_.reset();
    ++index_;
}

// ---- values

void DocumentReader::fail(std::string message) {
    failure_ = invalid_argument("line " + std::to_string(line_) + ": " + std::move(message),
                                "invalid_json")
                   .with("line", static_cast<std::int64_t>(line_))
                   .with("offset", static_cast<std::int64_t>(offset_));
}

bool DocumentReader::skip_blanks() {
    const std::string_view text = pending();
    std::size_t at = 0;
    while (at < text.size() && is_blank(text[at])) {
        if (text[at] == '\n') ++line_;
        ++at;
    }
    advance(at);
    return at < text.size();
}

bool DocumentReader::scan_value() {
    if (oversized_) return skip_oversized();
    if (in_value_) return read_value();
    if (!skip_blanks()) {
        if (finished_ && place_ != Place::TopLevel) fail("the array is not closed");
        return false;
    }
    const char c = pending().front();
    if (step_array(c)) return true;
    if (failure_) return false;
    in_value_ = true;
    scanner_.begin();
    return read_value();
}

// True: the byte belonged to an array around documents. False: a value begins here.
bool DocumentReader::step_array(char c) {
    switch (place_) {
        case Place::TopLevel:
            if (c != '[') return false;
            place_ = Place::ArrayBegin;
            break;
        case Place::ArrayBegin:
            if (c != ']') return false;
            place_ = Place::TopLevel;
            break;
        case Place::ArrayValue:
            if (c == ']') fail("expected a value behind ','");
            return false;
        case Place::ArrayAfterValue:
            if (c != ',' && c != ']') {
                fail("expected ',' or ']' behind a value");
                return false;
            }
            place_ = c == ',' ? Place::ArrayValue : Place::TopLevel;
            break;
    }
    advance(1);
    note_end();
    return true;
}

bool DocumentReader::read_value() {
    const std::string_view text = pending();
    bool complete = scanner_.scan(text);
    if (!complete && finished_) {
        complete = scanner_.may_end();
        if (!complete) {
            fail("the text ends inside a value");
            return false;
        }
    }
    if (!complete) {
        if (text.size() <= limits_.document_bytes_max) return false;
        begin_oversized(text, 0);
        return skip_oversized();
    }
    const std::size_t size = scanner_.end();
    if (size > limits_.document_bytes_max) {
        begin_oversized(text, 0);
        reject_oversized();
    } else {
        const auto outcome = extractor_.add(*batch_, document_at(text.substr(0, size), 0));
        ++index_;
        if (outcome == Extractor::Outcome::BadSyntax) {
            fail("the value is not valid JSON");
            return false;
        }
    }
    end_value(size);
    return true;
}

void DocumentReader::end_value(std::size_t size) {
    const std::string_view value = pending().substr(0, size);
    line_ += static_cast<std::uint64_t>(std::count(value.begin(), value.end(), '\n'));
    advance(size);
    in_value_ = false;
    place_ = place_ == Place::TopLevel ? Place::TopLevel : Place::ArrayAfterValue;
    note_end();
}

bool DocumentReader::skip_oversized() {
    const std::string_view text = pending();
    if (scanner_.scan(text)) {
        const std::size_t size = scanner_.end();
        reject_oversized();
        end_value(size);
        return true;
    }
    line_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    offset_ += text.size();
    if (!batch_->chunks_.empty()) batch_->chunks_.back().used = begin_;
    scanner_.forget_seen();
    if (finished_ && scanner_.may_end()) {
        reject_oversized();
        end_value(0);
    } else if (finished_) {
        fail("the text ends inside a value");
    }
    return false;
}

}  // namespace zs::documents
