#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zs::http {

// Takes the chunked transfer coding off a body, piece by piece and strictly: CRLF only, hexadecimal
// sizes of at most 15 digits, bounded extensions and trailers, both of which are dropped.
// Source: RFC 9112 section 7.1.
class ChunkDecoder {
public:
    enum class Status { NeedMore, HaveData, End, Bad };

    // Takes bytes from the front of `in` and appends the body's bytes to `out`, at most `out_max`
    // of them. HaveData: `out` has reached `out_max`; call again. End: the rest of `in` is not the
    // body's.
    Status feed(std::string_view& in, std::string& out, std::size_t out_max);

private:
    enum class State { Size, SizeEnd, Extension, Data, DataCr, DataLf, Trailer, TrailerLf };

    Status step(char c);
    Status trailer(char c);

    State state_ = State::Size;
    std::uint64_t left_ = 0;
    int digits_ = 0;
    bool last_ = false;
    bool line_empty_ = true;
    std::size_t overhead_ = 0;  // bytes of extensions and trailers so far
};

}  // namespace zs::http
