#pragma once

#include "server/config_load.hpp"

#include <functional>

namespace zs::server {

// What the rules may ask about where a value came from.
struct Origins {
    // Place of the setting that decided key `name`, "default" when nobody set it.
    std::function<std::string(std::string_view name)> place;
    std::function<SourceKind(std::string_view name)> source;
};

// Fills in what depends on the machine or on other keys (thread counts, auto_migrate, listeners).
void resolve_config(Config& config, const Origins& origins);

// The rules that join several keys.
void check_config(const Config& config, const Origins& origins, std::vector<ConfigProblem>& errors,
                  std::vector<ConfigProblem>& warnings);

}  // namespace zs::server
