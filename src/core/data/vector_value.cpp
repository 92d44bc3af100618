#include "core/data/vector_value.hpp"

#include "base/encoding.hpp"
#include "core/data/limits.hpp"
#include "vector/kernels.hpp"
#include "vector/text.hpp"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace zs::data {
namespace {

static_assert(limits::kVectorDimensionsCeiling <= vector::kDimensionsMax);

bool read_array(std::string_view text, std::vector<float>& out) {
    return vector::read_json(text, limits::kVectorDimensionsCeiling, out).has_value();
}

bool read_blob(std::string_view bytes, std::vector<float>& out) {
    if (bytes.empty() || bytes.size() % sizeof(float) != 0) return false;
    static_assert(std::endian::native == std::endian::little);
    out.resize(bytes.size() / sizeof(float));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return true;
}

VectorCell check(bool readable, std::size_t dimensions, const std::vector<float>& values) {
    if (!readable || values.size() > limits::kVectorDimensionsCeiling)
        return VectorCell::NotAVector;
    if (dimensions != 0 && values.size() != dimensions) return VectorCell::NotAVector;
    return vector::is_finite(values) ? VectorCell::Vector : VectorCell::NotAVector;
}

}  // namespace

VectorCell read_vector(const SqlValueView& value, std::size_t dimensions, std::vector<float>& out) {
    out.clear();
    switch (value.kind) {
        case SqlValueView::Kind::Null: return VectorCell::Empty;
        case SqlValueView::Kind::Blob: return check(read_blob(value.bytes, out), dimensions, out);
        case SqlValueView::Kind::Text: return check(read_array(value.bytes, out), dimensions, out);
        case SqlValueView::Kind::Integer:
        case SqlValueView::Kind::Real: break;
    }
    return VectorCell::NotAVector;
}

VectorCell read_vector(const SqlValue& value, std::size_t dimensions, std::vector<float>& out) {
    SqlValueView view;
    if (const auto* text = std::get_if<std::string>(&value)) {
        view.kind = SqlValueView::Kind::Text;
        view.bytes = *text;
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
        view.kind = SqlValueView::Kind::Blob;
        view.bytes = blob->bytes;
    } else if (!std::holds_alternative<std::monostate>(value)) {
        view.kind = SqlValueView::Kind::Integer;
    }
    return read_vector(view, dimensions, out);
}

std::size_t declared_dimensions(std::string_view column_type) {
    constexpr std::string_view word = "VECTOR";
    column_type = trim(column_type);
    if (!equals_ignoring_case(column_type.substr(0, word.size()), word)) return 0;
    column_type = trim(column_type.substr(word.size()));
    if (column_type.size() < 3 || column_type.front() != '(' || column_type.back() != ')') return 0;
    const auto digits = trim(column_type.substr(1, column_type.size() - 2));
    std::size_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return 0;
    return number <= limits::kVectorDimensionsCeiling ? number : 0;
}

}  // namespace zs::data
