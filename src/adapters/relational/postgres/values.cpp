#include "adapters/relational/postgres/values.hpp"

#include "base/encoding.hpp"

#include <bit>
#include <charconv>
#include <type_traits>

namespace zs::relational::postgres {
namespace {

enum Type : TypeOid {
    kBool = 16,
    kBytea = 17,
    kName = 19,
    kInt8 = 20,
    kInt2 = 21,
    kInt4 = 23,
    kText = 25,
    kOid = 26,
    kJson = 114,
    kFloat4 = 700,
    kFloat8 = 701,
    kBpchar = 1042,
    kVarchar = 1043,
    kNumeric = 1700,
    kVoid = 2278,
    kJsonb = 3802,
};

Error broken(TypeOid type) {
    return internal_error("PostgreSQL sent a value that is none of type " + std::to_string(type));
}

template <class Number>
Result<Value> parse_number(TypeOid type, std::string_view bytes) {
    Number number{};
    const auto* end = bytes.data() + bytes.size();
    const auto [rest, error] = std::from_chars(bytes.data(), end, number);
    if (error != std::errc{} || rest != end) return broken(type);
    return Value(number);
}

// sum() of integers is a numeric here and an integer in SQLite: whole numbers that fit are
// integers.
Result<Value> parse_numeric(std::string_view bytes) {
    if (bytes.find('.') == std::string_view::npos) {
        auto whole = parse_number<std::int64_t>(kNumeric, bytes);
        if (whole) return whole;
    }
    return parse_number<double>(kNumeric, bytes);
}

template <class Unsigned>
Unsigned big_endian(std::string_view bytes) {
    Unsigned number = 0;
    for (const char c : bytes) {
        number = static_cast<Unsigned>((number << 8) | static_cast<unsigned char>(c));
    }
    return number;
}

template <class Unsigned>
Result<Value> read_integer(TypeOid type, std::string_view bytes) {
    if (bytes.size() != sizeof(Unsigned)) return broken(type);
    const auto raw = big_endian<Unsigned>(bytes);
    if (type == kOid) return Value(static_cast<std::int64_t>(raw));
    return Value(static_cast<std::int64_t>(static_cast<std::make_signed_t<Unsigned>>(raw)));
}

void add(EncodedParameters& out, TypeOid type, char mark) {
    out.types.push_back(type);
    out.signature += mark;
}

void add_text(EncodedParameters& out, std::string text) {
    out.texts.push_back(std::move(text));
    out.values.push_back(out.texts.back().c_str());
    out.lengths.push_back(0);  // libpq ignores it for text
    out.formats.push_back(0);
}

std::string shortest(double number) {
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
    return {buffer, error == std::errc{} ? end : buffer};
}

}  // namespace

Result<EncodedParameters> encode(std::span<const Value> params) {
    EncodedParameters out;
    out.texts.reserve(params.size());  // what was handed out must not move
    for (const auto& param : params) {
        if (const auto* number = std::get_if<std::int64_t>(&param)) {
            add(out, kInt8, 'i');
            add_text(out, std::to_string(*number));
        } else if (const auto* real = std::get_if<double>(&param)) {
            add(out, kFloat8, 'd');
            add_text(out, shortest(*real));
        } else if (const auto* text = std::get_if<std::string>(&param)) {
            if (text->find('\0') != std::string::npos) {
                return invalid_argument("text must not hold the character U+0000", "invalid_value");
            }
            add(out, 0, 't');
            out.values.push_back(text->c_str());
            out.lengths.push_back(0);
            out.formats.push_back(0);
        } else if (const auto* bytes = std::get_if<Bytes>(&param)) {
            add(out, kBytea, 'b');
            out.values.push_back(bytes->value.data());
            out.lengths.push_back(static_cast<int>(bytes->value.size()));
            out.formats.push_back(1);
        } else {
            add(out, 0, 't');  // NULL fits a statement prepared for text
            out.values.push_back(nullptr);
            out.lengths.push_back(0);
            out.formats.push_back(0);
        }
    }
    return out;
}

bool is_known_binary(TypeOid type) {
    switch (type) {
        case kBool:
        case kBytea:
        case kName:
        case kInt8:
        case kInt2:
        case kInt4:
        case kText:
        case kOid:
        case kJson:
        case kFloat4:
        case kFloat8:
        case kBpchar:
        case kVarchar:
        case kVoid:
        case kJsonb: return true;
        default: return false;
    }
}

Result<Value> decode_text(TypeOid type, std::string_view bytes) {
    switch (type) {
        case kBool: return Value(std::int64_t{bytes == "t" ? 1 : 0});
        case kInt2:
        case kInt4:
        case kInt8:
        case kOid: return parse_number<std::int64_t>(type, bytes);
        case kFloat4:
        case kFloat8: return parse_number<double>(type, bytes);
        case kNumeric: return parse_numeric(bytes);
        case kVoid: return Value();
        case kBytea: {
            if (!bytes.starts_with("\\x")) return broken(type);
            auto raw = from_hex(bytes.substr(2));
            if (!raw) return broken(type);
            return Value(Bytes{std::move(*raw)});
        }
        default: return Value(std::string(bytes));
    }
}

Result<Value> decode_binary(TypeOid type, std::string_view bytes) {
    switch (type) {
        case kBool:
            if (bytes.size() != 1) return broken(type);
            return Value(std::int64_t{bytes[0] != 0 ? 1 : 0});
        case kInt2: return read_integer<std::uint16_t>(type, bytes);
        case kInt4:
        case kOid: return read_integer<std::uint32_t>(type, bytes);
        case kInt8: return read_integer<std::uint64_t>(type, bytes);
        case kFloat4:
            if (bytes.size() != 4) return broken(type);
            return Value(double{std::bit_cast<float>(big_endian<std::uint32_t>(bytes))});
        case kFloat8:
            if (bytes.size() != 8) return broken(type);
            return Value(std::bit_cast<double>(big_endian<std::uint64_t>(bytes)));
        case kBytea: return Value(Bytes{std::string(bytes)});
        case kVoid: return Value();
        case kJsonb:
            // Version 1 and then the text.
            if (bytes.empty() || bytes[0] != 1) return broken(type);
            return Value(std::string(bytes.substr(1)));
        default: return Value(std::string(bytes));
    }
}

}  // namespace zs::relational::postgres
