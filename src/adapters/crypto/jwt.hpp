#pragma once

#include "base/error.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

// The compact form of a JSON Web Token, and nothing else of that family: three base64url parts,
// HS256. Source: RFC 7515 section 7.1, RFC 7519.
namespace zs::crypto {

struct Jwt {
    boost::json::object header;
    boost::json::object payload;
    std::string_view signed_part;  // of the text it was read from
    std::string signature;         // raw bytes
};

// Takes a token apart without trusting any of it. Errors: Unauthenticated.
Result<Jwt> read_jwt(std::string_view token);

// header.payload.signature with HMAC-SHA-256.
std::string write_jwt(const boost::json::object& header, const boost::json::object& payload,
                      std::string_view key);

}  // namespace zs::crypto
