#include "base/log.hpp"

#include "base/clock.hpp"
#include "base/json_writer.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace zs::log {
namespace {

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error", "off"};

struct State {
    std::shared_ptr<spdlog::logger> logger;
    Format format = Format::Text;
    Level level = Level::Info;

    State() : logger(spdlog::stderr_color_mt("zserver")) { apply(); }
    void apply() {
        // The line is composed here, so that text and JSON hold the same fields.
        logger->set_pattern(format == Format::Json ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v",
                            spdlog::pattern_time_type::utc);
        logger->set_level(spdlog::level::trace);
    }
};

State& state() {
    static State instance;
    return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Trace: return spdlog::level::trace;
        case Level::Debug: return spdlog::level::debug;
        case Level::Info: return spdlog::level::info;
        case Level::Warn: return spdlog::level::warn;
        case Level::Error: return spdlog::level::err;
        case Level::Off: return spdlog::level::off;
    }
    return spdlog::level::info;
}

std::string as_json(Level level, std::string_view message, Fields fields) {
    boost::json::object line{{"ts", to_rfc3339(SystemClock().now())},
                             {"level", json_text(kNames[static_cast<int>(level)])},
                             {"message", json_text(message)}};
    for (const auto& field : fields)
        line[field.key] = field.value;
    return write_json(line);
}

std::string as_text(std::string_view message, Fields fields) {
    std::string line(message);
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        const auto* text = field.value.if_string();
        const bool bare = text != nullptr && !text->empty()
                          && std::all_of(text->begin(), text->end(), [](char c) {
                                 return c > ' ' && c != '"' && c != '=' && c != 0x7F;
                             });
        line += bare ? std::string(text->data(), text->size()) : write_json(field.value);
    }
    return line;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
    for (int i = 0; i < 6; ++i) {
        if (text == kNames[i]) return static_cast<Level>(i);
    }
    return invalid_argument("'" + std::string(text)
                            + "' is not a log level: use error, warn, info, debug, trace or off");
}

Result<Format> parse_format(std::string_view text) {
    if (text == "text") return Format::Text;
    if (text == "json") return Format::Json;
    return invalid_argument("'" + std::string(text) + "' is not a log format: use text or json");
}

void configure(Level level, Format format) {
    state().level = level;
    state().format = format;
    state().apply();
}

bool enabled(Level level) noexcept {
    return level >= state().level && level != Level::Off;
}

void write(Level level, std::string_view message, Fields fields) {
    if (!enabled(level)) return;
    const auto line =
        state().format == Format::Json ? as_json(level, message, fields) : as_text(message, fields);
    state().logger->log(to_spdlog(level), "{}", line);
}

void flush() {
    state().logger->flush();
}

}  // namespace zs::log
