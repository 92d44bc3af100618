#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::process {

// The file that `name` means: itself when it holds a '/', else the first of that name that may be
// executed in the folders of `path`. Relative ones begin at `work_folder`.
// Errors: NotFound, Forbidden; both tell the submitter what is missing.
Result<std::string> find_program_blocking(std::string_view name, std::string_view path,
                                          const std::string& work_folder);

// Whether one of the globs matches the program, as it was found or with the links in its folder
// resolved; '*' stops at '/'. No globs allow everything.
bool is_allowed_blocking(const std::string& program, const std::vector<std::string>& globs);

}  // namespace zs::process
