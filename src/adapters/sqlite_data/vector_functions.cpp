#include "adapters/sqlite_data/vector_functions.hpp"

#include "vector/kernels.hpp"
#include "vector/text.hpp"

#include <sqlite3.h>

#include <bit>
#include <cmath>
#include <cstring>

#ifndef SQLITE_RESULT_SUBTYPE
#define SQLITE_RESULT_SUBTYPE 0
#endif

namespace zs::sqlite_data {
namespace {

static_assert(std::endian::native == std::endian::little,
              "vectors are stored as they are in memory");

// The engine's own mark of JSON.
constexpr unsigned kJsonSubtype = 'J';

using Numbers = std::vector<float>;

std::string_view name_of(int type) {
    switch (type) {
        case SQLITE_INTEGER:
        case SQLITE_FLOAT: return "a number";
        case SQLITE_TEXT: return "text";
        case SQLITE_BLOB: return "a blob";
        default: return "NULL";
    }
}

bool is_null(sqlite3_value* value) {
    return sqlite3_value_type(value) == SQLITE_NULL;
}

// A blob may begin at any address.
bool is_finite_at(const void* data, std::size_t dimensions) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    for (std::size_t i = 0; i < dimensions; ++i) {
        float number = 0;
        std::memcpy(&number, bytes + i * sizeof(number), sizeof(number));
        if (!std::isfinite(number)) return false;
    }
    return true;
}

Error not_finite() {
    return invalid_argument("the vector holds NaN or an infinity", "not_a_vector");
}

std::string_view text_of(sqlite3_value* value) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

}  // namespace

// The engine's view of the functions.
struct VectorFunctions::Calls {
    using Call = void (*)(VectorFunctions&, sqlite3_context*, int, sqlite3_value**);

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

    template <Call kCall>
    static void run(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
        auto& self = *static_cast<VectorFunctions*>(sqlite3_user_data(context));
        try {
            kCall(self, context, count, values);
        } catch (...) {
            sqlite3_result_error_nomem(context);
        }
    }

    template <vector::Metric kMetric>
    static void distance(VectorFunctions& self, sqlite3_context* context, int,
                         sqlite3_value** values) {
        if (is_null(values[0]) || is_null(values[1])) return;
        View a;
        View b;
        if (!self.read(context, values[0], 0, a) || !self.read(context, values[1], 1, b)) return;
        if (a.dimensions != b.dimensions) {
            self.expect(context, a.dimensions, b.dimensions, "a distance");
            return;
        }
        ++self.distances_;
        const double found = vector::distance(kMetric, a.data, b.data, a.dimensions);
        if (!std::isfinite(found)) return self.fail(context, not_finite());
        sqlite3_result_double(context, found);
    }

    static void norm(VectorFunctions& self, sqlite3_context* context, int, sqlite3_value** values) {
        View v;
        if (is_null(values[0]) || !self.read(context, values[0], 0, v)) return;
        const double squares =
            -vector::distance(vector::Metric::InnerProduct, v.data, v.data, v.dimensions);
        if (!std::isfinite(squares)) return self.fail(context, not_finite());
        sqlite3_result_double(context, std::sqrt(squares));
    }

    static void dims(VectorFunctions& self, sqlite3_context* context, int, sqlite3_value** values) {
        View v;
        if (is_null(values[0]) || !self.read(context, values[0], 0, v)) return;
        sqlite3_result_int64(context, static_cast<sqlite3_int64>(v.dimensions));
    }

    static void to_json(VectorFunctions& self, sqlite3_context* context, int,
                        sqlite3_value** values) {
        View v;
        if (is_null(values[0]) || !self.read(context, values[0], 0, v)) return;
        if (!is_finite_at(v.data, v.dimensions)) return self.fail(context, not_finite());
        std::string text;
        vector::append_json(text, {static_cast<const char*>(v.data), v.dimensions * sizeof(float)});
        sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        sqlite3_result_subtype(context, kJsonSubtype);
    }

    static void convert(VectorFunctions& self, sqlite3_context* context, int,
                        sqlite3_value** values) {
        take(self, context, values[0], npos, "");
    }

    static void cast(VectorFunctions& self, sqlite3_context* context, int, sqlite3_value** values) {
        take(self, context, values[0], dimensions_of(values[1]), "VECTOR");
    }

    static void column(VectorFunctions& self, sqlite3_context* context, int,
                       sqlite3_value** values) {
        take(self, context, values[0], dimensions_of(values[1]), text_of(values[2]));
    }

    static void array(VectorFunctions& self, sqlite3_context* context, int count,
                      sqlite3_value** values) {
        Numbers numbers;
        for (int i = 0; i < count; ++i) {
            const int type = sqlite3_value_type(values[i]);
            const auto number = static_cast<float>(sqlite3_value_double(values[i]));
            const bool good =
                (type == SQLITE_INTEGER || type == SQLITE_FLOAT) && std::isfinite(number);
            if (!good) {
                Error error = invalid_argument(
                    "element " + std::to_string(i) + " of ARRAY[…] is not a 32-bit number",
                    "not_a_vector");
                return self.fail(context, std::move(error).with("element", i));
            }
            numbers.push_back(number);
        }
        if (numbers.empty()) {
            return self.fail(context,
                             invalid_argument("a vector has at least one number", "not_a_vector"));
        }
        self.answer(context, {numbers.data(), numbers.size()});
    }

    // The last guard: whatever way a value took, a VECTOR(n) column holds nothing else.
    static void check(VectorFunctions& self, sqlite3_context* context, int,
                      sqlite3_value** values) {
        const std::size_t expected = dimensions_of(values[1]);
        const int type = sqlite3_value_type(values[0]);
        if (type != SQLITE_NULL && type != SQLITE_BLOB) {
            const std::string column = "VECTOR(" + std::to_string(expected) + ")";
            return self.fail(
                context,
                invalid_argument("a " + column + " column holds vectors, and this is "
                                     + std::string(name_of(type))
                                     + "; vec_from_json(…) makes one of the text of a JSON array",
                                 "not_a_vector"));
        }
        if (type == SQLITE_BLOB) {
            View v;
            if (!self.read(context, values[0], 0, v)) return;
            if (!self.expect(context, expected, v.dimensions, "the column")) return;
            if (!is_finite_at(v.data, v.dimensions)) return self.fail(context, not_finite());
        }
        sqlite3_result_int(context, 1);
    }

private:
    static std::size_t dimensions_of(sqlite3_value* value) {
        return static_cast<std::size_t>(sqlite3_value_int64(value));
    }

    // Answers the value as a vector; `expected` npos takes any number of dimensions.
    static void take(VectorFunctions& self, sqlite3_context* context, sqlite3_value* value,
                     std::size_t expected, std::string_view where) {
        if (is_null(value)) return;
        View v;
        if (!self.read(context, value, 0, v)) {
            if (self.error_ && !where.empty() && where != "VECTOR") {
                self.error_->message = std::string(where) + ": " + self.error_->message;
                self.error_->details["column"] = json_text(where);
            }
            return;
        }
        if (expected != npos && !self.expect(context, expected, v.dimensions, where)) return;
        if (!is_finite_at(v.data, v.dimensions)) return self.fail(context, not_finite());
        self.answer(context, v);
    }
};

VectorFunctions::VectorFunctions(sqlite3* connection, std::size_t dimensions_max)
    : dimensions_max_(dimensions_max) {
    struct Entry {
        const char* name;
        int arguments;
        void (*function)(sqlite3_context*, int, sqlite3_value**);
    };
    using vector::Metric;
    static constexpr Entry kEntries[] = {
        {"vec_l2", 2, &Calls::run<&Calls::distance<Metric::L2>>},
        {"vec_cosine", 2, &Calls::run<&Calls::distance<Metric::Cosine>>},
        {"vec_ip", 2, &Calls::run<&Calls::distance<Metric::InnerProduct>>},
        {"vec_norm", 1, &Calls::run<&Calls::norm>},
        {"vec_dims", 1, &Calls::run<&Calls::dims>},
        {"vec_to_json", 1, &Calls::run<&Calls::to_json>},
        {"vec_from_json", 1, &Calls::run<&Calls::convert>},
        {"vec", 1, &Calls::run<&Calls::convert>},
        {"vec_array", -1, &Calls::run<&Calls::array>},
        {"vec_cast", 2, &Calls::run<&Calls::cast>},
        {"vec_column", 3, &Calls::run<&Calls::column>},
        {"vec_check", 2, &Calls::run<&Calls::check>}};
    for (const Entry& entry : kEntries) {
        sqlite3_create_function_v2(
            connection, entry.name, entry.arguments,
            SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS | SQLITE_RESULT_SUBTYPE, this,
            entry.function, nullptr, nullptr, nullptr);
    }
}

std::optional<Error> VectorFunctions::take_error() {
    return std::exchange(error_, std::nullopt);
}

void VectorFunctions::fail(sqlite3_context* context, Error error) {
    sqlite3_result_error(context, error.message.c_str(), static_cast<int>(error.message.size()));
    error_ = std::move(error);
}

bool VectorFunctions::expect(sqlite3_context* context, std::size_t expected, std::size_t given,
                             std::string_view where) {
    if (expected == given) return true;
    Error error =
        invalid_argument(std::string(where) + " takes vectors of " + std::to_string(expected)
                             + " numbers; this one has " + std::to_string(given),
                         "dimension_mismatch");
    error.details["expected"] = expected;
    error.details["given"] = given;
    fail(context, std::move(error));
    return false;
}

void VectorFunctions::answer(sqlite3_context* context, const View& vector) {
    sqlite3_result_blob64(context, vector.data, vector.dimensions * sizeof(float),
                          SQLITE_TRANSIENT);
    sqlite3_result_subtype(context, kVectorSubtype);
}

bool VectorFunctions::read(sqlite3_context* context, sqlite3_value* value, int argument,
                           View& out) {
    const int type = sqlite3_value_type(value);
    if (type == SQLITE_TEXT) return read_text(context, value, argument, out);
    if (type != SQLITE_BLOB) {
        fail(context, invalid_argument(std::string(name_of(type)) + " is no vector", "not_a_vector")
                          .with("argument", argument + 1));
        return false;
    }
    const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(value));
    out.data = sqlite3_value_blob(value);
    out.dimensions = bytes / sizeof(float);
    if (bytes == 0 || bytes % sizeof(float) != 0) {
        fail(context, invalid_argument("a blob of " + std::to_string(bytes)
                                           + " bytes is no vector of 32-bit numbers",
                                       "not_a_vector")
                          .with("argument", argument + 1));
        return false;
    }
    if (out.dimensions > dimensions_max_) {
        fail(context, invalid_argument(
                          "a vector has at most " + std::to_string(dimensions_max_) + " dimensions",
                          "dimension_too_large"));
        return false;
    }
    return true;
}

// What stays the same from row to row is read once.
bool VectorFunctions::read_text(sqlite3_context* context, sqlite3_value* value, int argument,
                                View& out) {
    if (const auto* kept = static_cast<Numbers*>(sqlite3_get_auxdata(context, argument))) {
        out = {kept->data(), kept->size()};
        return true;
    }
    auto numbers = vector::parse_json(text_of(value), dimensions_max_);
    if (!numbers) {
        fail(context, std::move(numbers).error());
        return false;
    }
    Numbers& parsed = parsed_[static_cast<std::size_t>(argument)];
    parsed = std::move(*numbers);
    out = {parsed.data(), parsed.size()};
    // The engine may drop it at once, so `out` is not about this copy.
    sqlite3_set_auxdata(context, argument, new Numbers(parsed),
                        [](void* kept) { delete static_cast<Numbers*>(kept); });
    return true;
}

}  // namespace zs::sqlite_data
