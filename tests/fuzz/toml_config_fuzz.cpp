// A configuration file of any content is read or refused; it never crashes or hangs.
#include "server/config_load.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 64 * 1024) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    zs::server::ConfigInput input;
    input.environment = {{"SECRET", "fuzz-secret-of-more-than-32-bytes-in-all"}};
    const auto loaded = zs::server::load_config_text(input, "fuzz.toml", text);
    zs::server::settings_as_toml(loaded);
    zs::server::settings_as_json(loaded);
    return 0;
}
