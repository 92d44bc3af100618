#pragma once

#include "base/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_context;
struct sqlite3_value;

namespace zs::sqlite_data {

// Marks a blob as a vector while it stays within one statement: it is shown as an array.
inline constexpr unsigned kVectorSubtype = 'v';

// The functions of a connection that know vectors. A vector is a blob of little-endian f32 numbers,
// or the text of a JSON array; NULL gives NULL.
//
//     vec_l2(a, b), vec_cosine(a, b), vec_ip(a, b)   distances; vec_ip: the negative product
//     vec_norm(v), vec_dims(v), vec_to_json(v), vec_from_json(text)
//
// and, made by the rewriter: vec(blob), vec_array(x, …), vec_cast(v, n), vec_column(v, n, where),
// vec_check(v, n). All are deterministic and harmless in a schema.
// Errors:    "not_a_vector", "dimension_mismatch", "dimension_too_large". The engine carries only
//            their text; take_error() has the whole.
// Threading: as its connection. Lifetime: stays where it is as long as the connection is used.
class VectorFunctions {
public:
    VectorFunctions(sqlite3* connection, std::size_t dimensions_max);
    VectorFunctions(const VectorFunctions&) = delete;
    VectorFunctions& operator=(const VectorFunctions&) = delete;

    // What made the statement fail, if it was one of the functions.
    std::optional<Error> take_error();
    // How many were computed since the statement began.
    std::uint64_t distances() const { return distances_; }
    void forget_distances() { distances_ = 0; }
    // Before a statement: the engine also calls functions while it plans, and looks over failures.
    void forget_error() { error_.reset(); }

private:
    struct Calls;
    // A vector that an argument holds. Lifetime: the call's.
    struct View {
        const void* data = nullptr;
        std::size_t dimensions = 0;
    };
    bool read(sqlite3_context* context, sqlite3_value* value, int argument, View& out);
    bool read_text(sqlite3_context* context, sqlite3_value* value, int argument, View& out);
    void fail(sqlite3_context* context, Error error);
    bool expect(sqlite3_context* context, std::size_t expected, std::size_t given,
                std::string_view where);
    void answer(sqlite3_context* context, const View& vector);

    std::size_t dimensions_max_;
    std::array<std::vector<float>, 2> parsed_;  // texts among the first two arguments
    std::optional<Error> error_;
    std::uint64_t distances_ = 0;
};

}  // namespace zs::sqlite_data
