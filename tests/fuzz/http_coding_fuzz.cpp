#include "adapters/http/content_coding.hpp"
#include "adapters/http/ip_address.hpp"
#include "adapters/http/ranges.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// Header values that the server reads: Range, If-None-Match, Accept-Encoding, X-Forwarded-For; and
// gzip, which must stay within the room it is given.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs::http;
    if (size == 0) return 0;
    const std::uint64_t total = data[0];
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto range = parse_range(text, total);
    if (range.kind == RangeAnswer::Kind::Part
        && (range.first > range.last || range.last >= total)) {
        std::abort();
    }
    (void)matches_etag(text, "\"a\"");
    (void)accepts_gzip(text);
    static const auto trusted = CidrList::parse({"10.0.0.0/8", "fd00::/8"}).value();
    (void)forwarded_client(IpAddress::parse("10.0.0.1").value(), text, trusted);

    GzipInflater inflater;
    auto left = text;
    while (!left.empty()) {
        std::string out;
        if (!inflater.inflate(left, out, 4096)) return 0;
        if (out.size() > 4096) std::abort();
    }
    return 0;
}
