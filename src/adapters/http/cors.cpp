#include "adapters/http/cors.hpp"

#include <algorithm>

namespace zs::http {

bool CorsPolicy::allows(std::string_view origin) const {
    if (origin.empty()) return false;
    return any_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

void CorsPolicy::append_headers(std::string& out, std::string_view origin) {
    out += "Access-Control-Allow-Origin: ";
    out += origin;
    out +=
        "\r\nAccess-Control-Expose-Headers: X-Request-Id, X-Next-Cursor, Link, Location, ETag, "
        "Content-Disposition, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
        "Idempotency-Replayed\r\n";
}

void CorsPolicy::append_preflight(std::string& out) {
    out +=
        "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, HEAD, OPTIONS\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, Content-Encoding, Accept, "
        "Idempotency-Key, If-None-Match, Range, X-API-Key, X-Request-Id\r\n"
        "Access-Control-Max-Age: 86400\r\n";
}

}  // namespace zs::http
