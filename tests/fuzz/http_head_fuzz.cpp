#include "adapters/http/chunk_decoder.hpp"
#include "adapters/http/head.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

// A head read byte by byte comes to the same end as one read at once, and what is accepted leaves
// no doubt about where the body ends. So does a chunked body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs::http;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    HeadParser whole({512, 1024, 20});
    RequestHead head;
    const auto status = whole.parse(text, head);

    HeadParser slow({512, 1024, 20});
    RequestHead other;
    auto last = HeadParser::Status::NeedMore;
    for (std::size_t i = 1; i <= size && last == HeadParser::Status::NeedMore; ++i) {
        last = slow.parse(text.substr(0, i), other);
    }
    if (last != status) std::abort();
    if (status == HeadParser::Status::Complete) {
        if (head.size != other.size || head.size > size) std::abort();
        if (!text.substr(0, head.size).ends_with("\r\n\r\n")) std::abort();
        if (head.chunked && head.content_length) std::abort();
        if (head.minor_version == 1 && !head.has(Known::Host)) std::abort();
        for (const auto& field : head.fields) {
            if (field.value.find_first_of("\r\n") != std::string_view::npos) std::abort();
        }
    }

    ChunkDecoder at_once;
    ChunkDecoder in_pieces;
    std::string all;
    std::string pieces;
    auto left = text;
    const auto decoded = at_once.feed(left, all, size + 1);
    auto piecewise = ChunkDecoder::Status::NeedMore;
    for (std::size_t i = 0; i < size && piecewise == ChunkDecoder::Status::NeedMore; ++i) {
        auto piece = text.substr(i, 1);
        piecewise = in_pieces.feed(piece, pieces, size + 1);
    }
    if (decoded != piecewise || all != pieces) std::abort();
    return 0;
}
