#pragma once

#include <string_view>

namespace zs::http {

// api/openapi.yaml as JSON, converted when the program was built.
std::string_view openapi_json() noexcept;

}  // namespace zs::http
