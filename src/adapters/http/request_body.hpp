#pragma once

#include "adapters/http/chunk_decoder.hpp"
#include "adapters/http/content_coding.hpp"
#include "adapters/http/head.hpp"
#include "adapters/http/message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace zs::http {

class Connection;

// The body of the current request of one connection: takes the transfer coding off, then gzip or
// zstd, and holds both the encoded and the decoded size to their limits.
// Lifetime: as the connection's; begin() starts another request. Threading: the connection's loop.
class RequestBody final : public BodyReader {
public:
    struct Limits {
        std::uint64_t decoded_max = 0;  // 0: none
        std::uint64_t ratio_max = 100;
        std::string_view too_large_reason = {};
    };
    explicit RequestBody(Connection& connection) : connection_(connection) {}

    void begin(const RequestHead& head);
    void set_limits(Limits limits) { limits_ = limits; }
    void expect_gzip();
    void expect_zstd();

    async::Task<Result<std::optional<std::string>>> read() override;

    // Everything was taken from the socket, so another request may follow.
    bool complete() const { return complete_; }
    bool failed() const { return failure_.has_value(); }
    // Bytes still to come, as far as known; nullopt for a chunked body.
    std::optional<std::uint64_t> left() const;

    // Takes what is there, without decoding gzip. NeedInput: the socket has no more for now.
    enum class Pull { Data, NeedInput, End, Broken, Gone };
    Pull pull(std::string& out);

private:
    Pull pull_sized(std::string& out);
    Pull pull_chunked(std::string& out);
    Pull pull_decoded(std::string& out);
    Pull pull_gzip(std::string& out);
    Result<void> check_size(std::size_t more);
    void fail(Error error) { failure_ = std::move(error); }

    Connection& connection_;
    Limits limits_;
    bool chunked_ = false;
    bool complete_ = true;
    std::uint64_t left_ = 0;
    std::uint64_t taken_ = 0;    // encoded
    std::uint64_t decoded_ = 0;  // handed out
    ChunkDecoder chunks_;
    std::unique_ptr<Inflater> inflater_;
    std::size_t since_way_given_ = 0;
    std::string encoded_;  // gzip bytes not inflated yet
    std::size_t encoded_at_ = 0;
    std::optional<Error> failure_;
};

}  // namespace zs::http
