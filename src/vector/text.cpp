#include "vector/text.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace zs::vector {
namespace {

static_assert(std::endian::native == std::endian::little,
              "vectors are stored as they are in memory");

Error not_a_vector(std::string message, std::size_t element) {
    return invalid_argument(std::move(message), "not_a_vector").with("element", element);
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    void skip_blanks() {
        while (!text_.empty() && std::string_view(" \t\r\n").find(text_.front()) != text_.npos)
            text_.remove_prefix(1);
    }
    bool take(char c) {
        skip_blanks();
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool at_end() {
        skip_blanks();
        return text_.empty();
    }

    Result<float> number(std::size_t element) {
        skip_blanks();
        const std::string_view token = text_.substr(0, text_.find_first_of(" \t\r\n,[]{}\"':"));
        if (!is_json_number(token)) {
            return not_a_vector("element " + std::to_string(element) + " is not a number", element);
        }
        double value = 0;
        const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
        // Out of range is said of what is too large and of what is too small.
        if (error == std::errc::result_out_of_range) {
            value = std::strtod(std::string(token).c_str(), nullptr);
        }
        const auto narrow = static_cast<float>(value);
        if (!std::isfinite(narrow)) {
            return not_a_vector(
                "element " + std::to_string(element) + " is beyond the range of a 32-bit number",
                element);
        }
        text_.remove_prefix(token.size());
        return narrow;
    }

private:
    // from_chars also reads "nan" and "infinity", and stops early without saying so.
    static bool is_json_number(std::string_view token) {
        std::size_t at = 0;
        const auto digits = [&] {
            const std::size_t begin = at;
            while (at < token.size() && token[at] >= '0' && token[at] <= '9')
                ++at;
            return at > begin;
        };
        if (at < token.size() && token[at] == '-') ++at;
        if (!digits()) return false;
        if (at < token.size() && token[at] == '.') {
            ++at;
            if (!digits()) return false;
        }
        if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
            ++at;
            if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
            if (!digits()) return false;
        }
        return at == token.size();
    }

    std::string_view text_;
};

}  // namespace

Result<void> read_json(std::string_view text, std::size_t dimensions_max, std::vector<float>& out) {
    out.clear();
    Reader reader(text);
    if (!reader.take('[')) {
        return invalid_argument("a vector is a JSON array of numbers, such as [1, 2.5, 3]",
                                "not_a_vector");
    }
    do {
        if (out.size() >= dimensions_max) {
            return invalid_argument(
                "a vector has at most " + std::to_string(dimensions_max) + " numbers",
                "dimension_too_large");
        }
        auto number = reader.number(out.size());
        if (!number) return std::move(number).error();
        out.push_back(*number);
    } while (reader.take(','));
    if (!reader.take(']') || !reader.at_end()) {
        return not_a_vector("',' or the end of the array is missing behind element "
                                + std::to_string(out.size() - 1),
                            out.size() - 1);
    }
    return {};
}

Result<std::vector<float>> parse_json(std::string_view text, std::size_t dimensions_max) {
    std::vector<float> numbers;
    auto read = read_json(text, dimensions_max, numbers);
    if (!read) return std::move(read).error();
    return numbers;
}

void append_json(std::string& out, std::string_view bytes) {
    std::array<char, 32> digits{};
    out += '[';
    for (std::size_t at = 0; at + sizeof(float) <= bytes.size(); at += sizeof(float)) {
        float number = 0;
        std::memcpy(&number, bytes.data() + at, sizeof(number));
        if (at > 0) out += ',';
        if (!std::isfinite(number)) {
            out += "null";
            continue;
        }
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        out.append(digits.data(), end);
    }
    out += ']';
}

}  // namespace zs::vector
