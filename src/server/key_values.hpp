#pragma once

#include "server/config_key.hpp"

#include <chrono>

// Short names for the rows of keys_*.cpp.
namespace zs::server {

inline bool as_bool(const KeyValue& value) {
    return std::get<bool>(value);
}
inline std::int64_t as_integer(const KeyValue& value) {
    return std::get<std::int64_t>(value);
}
inline const std::string& as_text(const KeyValue& value) {
    return std::get<std::string>(value);
}
inline const std::vector<std::string>& as_list(const KeyValue& value) {
    return std::get<std::vector<std::string>>(value);
}
inline Secret as_secret(const KeyValue& value) {
    return Secret(as_text(value));
}
inline std::chrono::seconds as_seconds(const KeyValue& value) {
    return std::chrono::seconds(as_integer(value));
}
inline std::chrono::milliseconds as_millis(const KeyValue& value) {
    return std::chrono::milliseconds(as_integer(value));
}
inline std::size_t as_size(const KeyValue& value) {
    return static_cast<std::size_t>(as_integer(value));
}
inline std::uint32_t as_u32(const KeyValue& value) {
    return static_cast<std::uint32_t>(as_integer(value));
}

inline constexpr std::int64_t kKeySecondsMax = 10 * 365 * 86'400LL;
inline constexpr std::int64_t kKeyBytesMax = 1LL << 40;
inline constexpr std::int64_t kKeyThreadsMax = 256;

// A key with a number in [min, max]. `env` may be empty.
inline ConfigKey number_key(std::string_view name, std::string_view env, std::string_view fallback,
                            std::string_view help, Unit unit, std::int64_t min, std::int64_t max,
                            void (*apply)(Config&, const KeyValue&)) {
    ConfigKey key{.name = name,
                  .type = KeyType::Integer,
                  .fallback = fallback,
                  .help = help,
                  .apply = apply,
                  .unit = unit,
                  .min = min,
                  .max = max};
    if (!env.empty()) key.env = {env};
    return key;
}

}  // namespace zs::server
