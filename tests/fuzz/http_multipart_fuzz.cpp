#include "adapters/http/multipart.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// However a multipart body is cut into pieces, the same file comes out of it, and never more bytes
// than went in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using zs::http::MultipartFile;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    (void)zs::http::multipart_boundary(body);
    (void)zs::http::multipart_boundary("multipart/form-data" + std::string(body));

    MultipartFile at_once("XX");
    std::string whole;
    const bool whole_good = at_once.feed(body, whole) && at_once.finish();
    MultipartFile in_pieces("XX");
    std::string joined;
    bool joined_good = true;
    const std::size_t step = size == 0 ? 1 : 1 + data[0] % 7;
    for (std::size_t at = 0; at < size && joined_good; at += step)
        joined_good = in_pieces.feed(body.substr(at, step), joined).has_value();
    joined_good = joined_good && in_pieces.finish();
    if (whole_good != joined_good) std::abort();
    if (whole_good && whole != joined) std::abort();
    if (whole.size() > size || joined.size() > size) std::abort();
    return 0;
}
