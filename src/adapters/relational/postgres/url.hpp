#pragma once

#include <string_view>

namespace zs::relational::postgres {

// False for a URL in which a character of the password would be taken for an end of it, so that the
// rest would be read as host or port and quoted in messages. Other texts (key=value) are fine.
bool is_unambiguous_url(std::string_view url);

}  // namespace zs::relational::postgres
