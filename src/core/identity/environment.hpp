#pragma once

#include "core/identity/principal.hpp"

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace zs::identity {

inline constexpr std::string_view kEnvironmentSlugs[] = {"live", "sandbox"};
inline constexpr std::string_view kDefaultEnvironment = "live";

struct Environment {
    EnvironmentId id;
    std::string org_id;
    std::string slug;
    std::string display_name;
    bool is_default = false;
};

// GET /v1/environments
struct EnvironmentView {
    EnvironmentId id;
    std::string slug;
    std::string display_name;
    bool is_default = false;
    bool current = false;
    std::string auto_clear_policy = "never";
};
BOOST_DESCRIBE_STRUCT(EnvironmentView, (),
                      (id, slug, display_name, is_default, current, auto_clear_policy))

// As it stands in a token bundle.
struct EnvironmentSummary {
    EnvironmentId id;
    std::string slug;
    std::string display_name;
    std::string auto_clear_policy = "never";
};
BOOST_DESCRIBE_STRUCT(EnvironmentSummary, (), (id, slug, display_name, auto_clear_policy))

EnvironmentSummary summary_of(const Environment& environment);

// The one with this slug. Errors: InvalidArgument "unknown_environment" naming the ones there are.
Result<Environment> find_environment(const std::vector<Environment>& all, std::string_view slug);

}  // namespace zs::identity
