#include "documents/document_batch.hpp"

#include "documents/extractor.hpp"

namespace zs::documents {
namespace {

constexpr std::size_t kTextBlockBytes = 64 * 1024;
// Beyond it every rejected document still counts, but nobody reads that many messages.
constexpr std::size_t kMessageBytesMax = 400;

}  // namespace

DocumentBatch::Chunk& DocumentBatch::add_chunk(std::size_t room) {
    Chunk chunk;
    chunk.memory = std::make_unique_for_overwrite<char[]>(room + Extractor::kPadding);
    chunk.room = room;
    chunks_.push_back(std::move(chunk));
    return chunks_.back();
}

std::string_view DocumentBatch::keep(std::string_view text) {
    if (text.empty()) return {};
    if (texts_.empty() || texts_.back().room - texts_.back().used < text.size()) {
        Chunk block;
        block.room = std::max(kTextBlockBytes, text.size());
        block.memory = std::make_unique_for_overwrite<char[]>(block.room);
        texts_.push_back(std::move(block));
    }
    Chunk& block = texts_.back();
    char* const at = block.memory.get() + block.used;
    std::memcpy(at, text.data(), text.size());
    block.used += text.size();
    return {at, text.size()};
}

void DocumentBatch::extract_again(Extractor& extractor, std::size_t fields) {
    const auto documents = std::exchange(documents_, {});
    documents_.reserve(documents.size());
    values_.clear();
    fields_ = fields;
    bytes_ = 0;
    for (auto document : documents) {
        if (document.is_rejected()) {
            documents_.push_back(document);
            continue;
        }
        document.id = Value();
        extractor.add(*this, document);
    }
}

void DocumentBatch::reject(Document document, std::string code, std::string message) {
    if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
    document.rejection = static_cast<std::int32_t>(rejections_.size());
    rejections_.push_back({std::move(code), std::move(message)});
    documents_.push_back(document);
}

}  // namespace zs::documents
