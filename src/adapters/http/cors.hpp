#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zs::http {

// Which other origins may read answers. Others get no CORS header at all.
// Source: http-api.md section 1.8.
class CorsPolicy {
public:
    CorsPolicy(std::vector<std::string> origins, bool any_origin)
        : origins_(std::move(origins)), any_(any_origin) {}

    bool allows(std::string_view origin) const;
    // True when the answer depends on Origin, so that caches must be told.
    bool varies() const { return any_ || !origins_.empty(); }

    // Header lines for an allowed origin.
    static void append_headers(std::string& out, std::string_view origin);
    // Further lines for the answer to a preflight.
    static void append_preflight(std::string& out);

private:
    std::vector<std::string> origins_;
    bool any_;
};

}  // namespace zs::http
