#include "adapters/sqlite_data/engine_connection.hpp"

#include <algorithm>
#include <charconv>

namespace zs::sqlite_data {
namespace {

Result<void> bind_value(sqlite::Statement& statement, int index, const data::SqlValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return statement.bind(index, *integer);
    }
    if (const auto* real = std::get_if<double>(&value)) return statement.bind(index, *real);
    if (const auto* text = std::get_if<std::string>(&value)) {
        return statement.bind_borrowed(index, std::string_view(*text));
    }
    if (const auto* blob = std::get_if<data::Blob>(&value)) {
        sqlite::BlobView bytes;
        bytes.bytes = blob->bytes;
        return statement.bind_borrowed(index, bytes);
    }
    return statement.bind(index, nullptr);
}

// The place in the list that "?3", "$3" or a bare "?" stands for; 0 for a real name.
std::size_t position_in_list(std::string_view name, int index) {
    if (name.empty()) return static_cast<std::size_t>(index);
    const auto digits = name.substr(1);
    std::size_t position = 0;
    const auto* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, position);
    return error == std::errc() && stopped == end ? position : 0;
}

Error no_value(std::string_view name, int index, const data::SqlRequest& request) {
    const std::string shown = name.empty() ? "number " + std::to_string(index) : std::string(name);
    const std::size_t given = request.positional.size() + request.named.size();
    return invalid_field(
        "params", "parameter " + shown + " has no value; " + std::to_string(given) + " were given");
}

// Answers the last place in the list that was used.
Result<std::size_t> bind_used(sqlite::Statement& statement, const data::SqlRequest& request) {
    const int count = statement.parameter_count();
    std::size_t last_position = 0;
    for (int index = 1; index <= count; ++index) {
        const auto name = statement.parameter_name(index);
        // ?5 alone makes 1 to 4 exist without a name; they stand for the list's places all the
        // same.
        const std::size_t position = position_in_list(name, index);
        const data::SqlValue* value = nullptr;
        if (position > 0 && position <= request.positional.size()) {
            value = &request.positional[position - 1];
            last_position = std::max(last_position, position);
        } else if (!name.empty()) {
            const auto found = std::ranges::find(request.named, name.substr(1),
                                                 &std::pair<std::string, data::SqlValue>::first);
            if (found != request.named.end()) value = &found->second;
        }
        if (value == nullptr) return no_value(name, index, request);
        auto bound = bind_value(statement, index, *value);
        if (!bound) return std::move(bound).error();
    }
    return last_position;
}

}  // namespace

Result<void> bind_parameters(sqlite::Statement& statement, const data::SqlRequest& request) {
    const auto used = bind_used(statement, request);
    if (!used) return used.error();
    if (request.positional.size() > *used) {
        return invalid_field("params", std::to_string(request.positional.size())
                                           + " values were given, the statement uses "
                                           + std::to_string(*used));
    }
    return {};
}

Result<void> bind_some_parameters(sqlite::Statement& statement, const data::SqlRequest& request) {
    const auto used = bind_used(statement, request);
    return used ? Result<void>() : Result<void>(used.error());
}

}  // namespace zs::sqlite_data
