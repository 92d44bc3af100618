#pragma once

#include <string>
#include <string_view>

namespace zs::relational::postgres {

struct NumberedSql {
    std::string text;
    int parameters = 0;
};

// Turns each `?` into `$1`, `$2`, …: the stores write the placeholder that both dialects can have.
// Quoted text and names, comments and dollar quotes stay as they are; `??` is the operator `?`.
NumberedSql number_parameters(std::string_view sql);

}  // namespace zs::relational::postgres
