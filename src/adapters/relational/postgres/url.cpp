#include "adapters/relational/postgres/url.hpp"

#include <algorithm>

namespace zs::relational::postgres {

bool is_unambiguous_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (!url.starts_with("postgres") || scheme == std::string_view::npos) return true;
    const auto rest = url.substr(scheme + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    const auto signs = std::count(rest.begin(), rest.end(), '@');
    return signs == 0 || (signs == 1 && authority.find('@') != std::string_view::npos);
}

}  // namespace zs::relational::postgres
