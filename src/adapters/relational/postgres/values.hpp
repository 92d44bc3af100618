#pragma once

#include "adapters/relational/postgres/failure.hpp"
#include "adapters/relational/row.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zs::relational::postgres {

// PostgreSQL's name for a type; the numbers are fixed for built-in types.
// Source: src/include/catalog/pg_type.dat.
using TypeOid = unsigned int;

// The parameters of one call as libpq takes them: parallel arrays that point into `texts` and into
// the values.
// Lifetime: the values it was made of must outlive it.
struct EncodedParameters {
    std::vector<TypeOid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    std::vector<std::string> texts;
    std::string signature;  // one character per type, for the statement cache
};

// Integers go as bigint, reals as double precision, bytes as bytea; text and NULL take the type
// their place asks for, so that text can fill jsonb. (`? is null` alone has no type: write
// `cast(? as text) is null`.)
// Errors: InvalidArgument "invalid_value" for text with a NUL character, which PostgreSQL cannot
//         hold.
Result<EncodedParameters> encode(std::span<const Value> params);

// Whether decode_binary() knows the type.
bool is_known_binary(TypeOid type);

// int2/4/8 and whole numerics become integers, bool 0 or 1, float and numeric reals, bytea Bytes,
// void NULL, all else text as the server writes it.
// Errors: Internal for bytes that are not a value of that type.
Result<Value> decode_text(TypeOid type, std::string_view bytes);
Result<Value> decode_binary(TypeOid type, std::string_view bytes);

}  // namespace zs::relational::postgres
