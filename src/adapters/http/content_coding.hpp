#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace zs::http {

// True when a client that sends this Accept-Encoding takes gzip: by name or by '*', weight above 0.
// Source: RFC 9110 section 12.5.3.
bool accepts_gzip(std::string_view accept_encoding);

// True for text, JSON, XML, JavaScript, SVG and WebAssembly: what shrinks.
bool is_compressible_type(std::string_view content_type);

// Undoes the coding of a body piece by piece. Threading: one at a time.
class Inflater {
public:
    virtual ~Inflater() = default;
    // Takes bytes from the front of `in` and appends to `out` until it holds `out_max` bytes or
    // `in` is empty. Errors: InvalidArgument with the reason of ends_early().
    virtual Result<void> inflate(std::string_view& in, std::string& out, std::size_t out_max) = 0;
    // True when nothing is half read, so that the body may end here.
    virtual bool at_end() const = 0;
    // What is wrong with a body that ends elsewhere.
    virtual Error ends_early() const = 0;
};

// gzip; several members in a row are one body (RFC 1952 section 2.2). Errors: "invalid_gzip".
class GzipInflater final : public Inflater {
public:
    GzipInflater();
    ~GzipInflater() override;
    GzipInflater(const GzipInflater&) = delete;
    GzipInflater& operator=(const GzipInflater&) = delete;

    Result<void> inflate(std::string_view& in, std::string& out, std::size_t out_max) override;
    bool at_end() const override;
    Error ends_early() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Zstandard; several frames in a row are one body (RFC 8878 section 3.1). Windows above 8 MiB are
// refused, as every decoder may. Errors: "invalid_zstd".
class ZstdInflater final : public Inflater {
public:
    ZstdInflater();
    ~ZstdInflater() override;
    ZstdInflater(const ZstdInflater&) = delete;
    ZstdInflater& operator=(const ZstdInflater&) = delete;

    Result<void> inflate(std::string_view& in, std::string& out, std::size_t out_max) override;
    bool at_end() const override;
    Error ends_early() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Makes gzip piece by piece. Threading: one at a time.
class GzipDeflater {
public:
    GzipDeflater();
    ~GzipDeflater();
    GzipDeflater(const GzipDeflater&) = delete;
    GzipDeflater& operator=(const GzipDeflater&) = delete;

    // Appends what `in` becomes. Flush: the client can read everything so far. Finish: also the
    // end.
    enum class Mode { Flush, Finish };
    void deflate(std::string_view in, std::string& out, Mode mode);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::http
