#include "adapters/sqlite_data/bounded_functions.hpp"

#include "base/assert.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {
namespace {

constexpr int kPlain = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

std::string_view text_of(sqlite3_value* value) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

std::string_view bytes_of(sqlite3_value* value) {
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

bool is_null(sqlite3_value* value) {
    return sqlite3_value_type(value) == SQLITE_NULL;
}

// glibc's memmem is linear, unlike std::string_view::find.
std::size_t find_bytes(std::string_view text, std::string_view wanted, std::size_t from) {
    if (from >= text.size()) return std::string_view::npos;  // also: no bytes, and no address
    const void* at = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
    if (at == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

// Where `wanted` begins at the beginning of a character; npos when it does not.
std::size_t find_characters(std::string_view text, std::string_view wanted) {
    if (continues_character(wanted.front())) {  // broken text: only the very start can match
        return text.starts_with(wanted) ? 0 : std::string_view::npos;
    }
    return find_bytes(text, wanted, 0);
}

void instr(sqlite3_context* context, int, sqlite3_value** values) {
    if (is_null(values[0]) || is_null(values[1])) return;
    const bool as_bytes = sqlite3_value_type(values[0]) == SQLITE_BLOB
                          && sqlite3_value_type(values[1]) == SQLITE_BLOB;
    const auto text = as_bytes ? bytes_of(values[0]) : text_of(values[0]);
    const auto wanted = as_bytes ? bytes_of(values[1]) : text_of(values[1]);
    if (wanted.empty()) return sqlite3_result_int(context, 1);
    const auto at = as_bytes ? find_bytes(text, wanted, 0) : find_characters(text, wanted);
    if (at == std::string_view::npos) return sqlite3_result_int(context, 0);
    // SQLite counts the character that a broken text begins with, whatever it begins with.
    const auto before = text.substr(0, at);
    auto position = static_cast<sqlite3_int64>(at);
    if (!as_bytes && !before.empty()) {
        position -= std::count_if(before.begin() + 1, before.end(), continues_character);
    }
    sqlite3_result_int64(context, position + 1);
}

void replace(sqlite3_context* context, int, sqlite3_value** values) {
    if (is_null(values[0]) || is_null(values[1])) return;
    const auto text = text_of(values[0]);
    const auto wanted = text_of(values[1]);
    if (wanted.empty() || wanted.front() == '\0') {
        return sqlite3_result_text64(context, text.empty() ? "" : text.data(), text.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (is_null(values[2])) return;
    const auto with = text_of(values[2]);
    sqlite3_str* out = sqlite3_str_new(sqlite3_context_db_handle(context));
    std::size_t from = 0;
    while (sqlite3_str_errcode(out) == SQLITE_OK) {
        const auto at = find_bytes(text, wanted, from);
        const auto kept = text.substr(from, at == std::string_view::npos ? at : at - from);
        sqlite3_str_append(out, kept.data(), static_cast<int>(kept.size()));
        if (at == std::string_view::npos) break;
        sqlite3_str_append(out, with.data(), static_cast<int>(with.size()));
        from = at + wanted.size();
    }
    const int code = sqlite3_str_errcode(out);
    const int size = sqlite3_str_length(out);
    char* result = sqlite3_str_finish(out);
    if (code == SQLITE_TOOBIG) {
        sqlite3_result_error_toobig(context);
    } else if (code != SQLITE_OK) {
        sqlite3_result_error_nomem(context);
    } else if (result == nullptr) {
        sqlite3_result_text(context, "", 0, SQLITE_STATIC);
    } else {
        return sqlite3_result_text(context, result, size, sqlite3_free);
    }
    sqlite3_free(result);
}

// The characters that trim() takes off. Longer runs than UTF-8 knows are broken text and match
// nothing.
class Characters {
public:
    explicit Characters(std::string_view text) {
        std::size_t at = 0;
        while (at < text.size()) {
            std::size_t size = 1;
            if (static_cast<unsigned char>(text[at]) >= 0xc0) {
                while (at + size < text.size() && continues_character(text[at + size]))
                    ++size;
            }
            if (size <= by_size_.size()) by_size_[size - 1].push_back(text.substr(at, size));
            at += size;
        }
        for (auto& some : by_size_) {
            std::sort(some.begin(), some.end());
            some.erase(std::unique(some.begin(), some.end()), some.end());
        }
    }

    // Bytes of the character at the front (or the back) of `text` that is one of these; else 0.
    std::size_t at_front(std::string_view text) const {
        return matching(text, [](auto all, auto size) { return all.substr(0, size); });
    }
    std::size_t at_back(std::string_view text) const {
        return matching(text, [](auto all, auto size) { return all.substr(all.size() - size); });
    }

private:
    template <class Part>
    std::size_t matching(std::string_view text, Part part) const {
        for (std::size_t size = 1; size <= by_size_.size() && size <= text.size(); ++size) {
            const auto& some = by_size_[size - 1];
            if (std::binary_search(some.begin(), some.end(), part(text, size))) return size;
        }
        return 0;
    }

    std::array<std::vector<std::string_view>, 4> by_size_;
};

enum Side : std::uintptr_t { kLeft = 1, kRight = 2 };

void trim(sqlite3_context* context, int count, sqlite3_value** values) {
    if (is_null(values[0]) || (count == 2 && is_null(values[1]))) return;
    const auto sides = reinterpret_cast<std::uintptr_t>(sqlite3_user_data(context));
    auto text = text_of(values[0]);
    const Characters taken(count == 2 ? text_of(values[1]) : std::string_view(" "));
    if ((sides & kLeft) != 0) {
        while (const auto size = taken.at_front(text))
            text.remove_prefix(size);
    }
    if ((sides & kRight) != 0) {
        while (const auto size = taken.at_back(text))
            text.remove_suffix(size);
    }
    sqlite3_result_text64(context, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8);
}

// SQLite's own function of two arguments, run on a connection where it was not replaced.
class Original {
public:
    explicit Original(std::string name) : name_(std::move(name)) {}
    ~Original() {
        sqlite3_finalize(statement_);
        sqlite3_close(connection_);
    }
    Original(const Original&) = delete;
    Original& operator=(const Original&) = delete;

    void call(sqlite3_context* context, sqlite3_value** values) {
        const auto cost = static_cast<std::uint64_t>(sqlite3_value_bytes(values[0]))
                          * static_cast<std::uint64_t>(sqlite3_value_bytes(values[1]));
        if (cost > kQuadraticCostMax) {
            const auto text = name_ + ": the values are too large for one call";
            return sqlite3_result_error(context, text.c_str(), -1);
        }
        if (!prepare()) return sqlite3_result_error_nomem(context);
        sqlite3_bind_value(statement_, 1, values[0]);
        sqlite3_bind_value(statement_, 2, values[1]);
        if (sqlite3_step(statement_) == SQLITE_ROW) {
            sqlite3_result_value(context, sqlite3_column_value(statement_, 0));
            if (name_ == "json_patch") sqlite3_result_subtype(context, 'J');
        } else {
            sqlite3_result_error(context, sqlite3_errmsg(connection_), -1);
        }
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

private:
    bool prepare() {
        if (statement_ != nullptr) return true;
        constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
        if (connection_ == nullptr
            && sqlite3_open_v2(":memory:", &connection_, kFlags, nullptr) != SQLITE_OK) {
            sqlite3_close(connection_);
            connection_ = nullptr;
            return false;
        }
        const auto sql = "SELECT " + name_ + "(?1, ?2)";
        return sqlite3_prepare_v3(connection_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement_, nullptr)
               == SQLITE_OK;
    }

    std::string name_;
    sqlite3* connection_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

void call_original(sqlite3_context* context, int, sqlite3_value** values) {
    static_cast<Original*>(sqlite3_user_data(context))->call(context, values);
}

void install(sqlite3* connection, const char* name, int arguments,
             void (*function)(sqlite3_context*, int, sqlite3_value**), std::uintptr_t data = 0) {
    const int code = sqlite3_create_function_v2(connection, name, arguments, kPlain,
                                                reinterpret_cast<void*>(data), function, nullptr,
                                                nullptr, nullptr);
    ZS_ASSERT(code == SQLITE_OK);
}

void install_original(sqlite3* connection, const char* name) {
    auto original = std::make_unique<Original>(name);
    const auto destroy = [](void* data) { delete static_cast<Original*>(data); };
    const int code =
        sqlite3_create_function_v2(connection, name, 2, kPlain | SQLITE_RESULT_SUBTYPE,
                                   original.release(), call_original, nullptr, nullptr, destroy);
    ZS_ASSERT(code == SQLITE_OK);
}

}  // namespace

void install_bounded_functions(sqlite3* connection) {
    install(connection, "instr", 2, instr);
    install(connection, "replace", 3, replace);
    for (const int arguments : {1, 2}) {
        install(connection, "trim", arguments, trim, kLeft | kRight);
        install(connection, "ltrim", arguments, trim, kLeft);
        install(connection, "rtrim", arguments, trim, kRight);
    }
    install_original(connection, "unhex");
    install_original(connection, "json_patch");
    install_original(connection, "jsonb_patch");
}

}  // namespace zs::sqlite_data
