#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace zs::identity {

// A tenant. Its id is text; those made here are UUIDs, the default one is named by configuration.
struct Organization {
    std::string id;
    std::string name;
    std::string slug;
    std::optional<std::string> description;
    std::optional<std::string> logo_url;
    std::string plan = "free";
    boost::json::object settings;
    bool is_active = true;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Organization, (),
                      (id, name, slug, description, logo_url, plan, settings, is_active, created_at,
                       updated_at))

struct OrganizationRequest {
    std::string name;
    std::optional<std::string> slug;  // made from the name when absent
    std::optional<std::string> description;
    std::optional<std::string> logo_url;
    std::optional<boost::json::object> settings;
};
BOOST_DESCRIBE_STRUCT(OrganizationRequest, (), (name, slug, description, logo_url, settings))

struct OrganizationPatch {
    std::optional<std::string> name;
    std::optional<std::string> slug;
    std::optional<std::string> description;
    std::optional<std::string> logo_url;
    std::optional<boost::json::object> settings;
    std::optional<bool> is_active;
};
BOOST_DESCRIBE_STRUCT(OrganizationPatch, (),
                      (name, slug, description, logo_url, settings, is_active))

// [a-z0-9-]{1,63}. Errors: InvalidArgument naming "slug".
Result<void> check_slug(const std::string& slug);
std::string slug_from_name(const std::string& name);

}  // namespace zs::identity
