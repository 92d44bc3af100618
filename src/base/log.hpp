#pragma once

#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

// The process's log: one line per event on stderr, text for people or JSON for machines. Fields are
// structured; a Secret has no conversion to a field.
// Threading: any; a line is never torn.
namespace zs::log {

enum class Level { Trace, Debug, Info, Warn, Error, Off };
enum class Format { Text, Json };

// Errors: InvalidArgument naming the accepted words.
Result<Level> parse_level(std::string_view text);
Result<Format> parse_format(std::string_view text);

struct Field {
    Field(std::string_view name, boost::json::value v) : key(name), value(std::move(v)) {}
    Field(std::string_view name, std::string_view text) : key(name), value(json_text(text)) {}
    Field(std::string_view name, const std::string& text) : key(name), value(json_text(text)) {}
    Field(std::string_view name, const char* text) : key(name), value(json_text(text)) {}

    std::string_view key;
    boost::json::value value;
};
using Fields = std::initializer_list<Field>;

// Call once, before other threads start. Without it: Info, text.
void configure(Level level, Format format);
bool enabled(Level level) noexcept;
void write(Level level, std::string_view message, Fields fields = {});
void flush();

inline void debug(std::string_view message, Fields fields = {}) {
    write(Level::Debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
    write(Level::Info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
    write(Level::Warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
    write(Level::Error, message, fields);
}

}  // namespace zs::log
