#include "documents/document_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace zs;

std::vector<std::string> read(documents::Form form, std::string_view text, std::size_t piece) {
    documents::Extraction wanted;
    wanted.fields = {"a", "a.b", "n"};
    wanted.id_field = "key";
    documents::ReaderLimits limits;
    limits.document_bytes_max = 4096;
    limits.batch_documents_max = 3;
    documents::DocumentReader reader(form, wanted, limits);
    std::vector<std::string> all;
    const auto take = [&] {
        const auto batch = reader.take();
        for (const auto& document : batch->documents()) {
            all.push_back(std::to_string(document.index) + "@" + std::to_string(document.offset)
                          + (document.is_rejected() ? batch->rejection(document).code
                                                    : std::string(document.json)));
        }
    };
    for (std::size_t at = 0; at < text.size(); at += piece) {
        reader.feed(text.substr(at, piece));
        while (reader.is_full())
            take();
    }
    reader.finish();
    while (reader.is_full())
        take();
    take();
    all.push_back(reader.failure() ? reader.failure()->message : "");
    return all;
}

}  // namespace

// However a stream is cut, the same documents come out of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = 1 + data[0] % 64;
    for (const auto form : {documents::Form::Lines, documents::Form::Values}) {
        if (read(form, text, text.size() + 1) != read(form, text, piece)) std::abort();
    }
    return 0;
}
