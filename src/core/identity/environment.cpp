#include "core/identity/environment.hpp"

namespace zs::identity {

EnvironmentSummary summary_of(const Environment& environment) {
    EnvironmentSummary summary;
    summary.id = environment.id;
    summary.slug = environment.slug;
    summary.display_name = environment.display_name;
    return summary;
}

Result<Environment> find_environment(const std::vector<Environment>& all, std::string_view slug) {
    std::string known;
    for (const auto& environment : all) {
        if (environment.slug == slug) return environment;
        known += (known.empty() ? "" : ", ") + environment.slug;
    }
    return invalid_field(
        "environment",
        "there is no environment '" + std::string(slug.substr(0, 40)) + "': use one of " + known,
        "unknown_environment");
}

}  // namespace zs::identity
