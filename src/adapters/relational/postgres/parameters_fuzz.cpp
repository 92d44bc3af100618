#include "adapters/relational/postgres/parameters.hpp"
#include "base/assert.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

// Whatever the text, each `?` is kept, doubled to one, or numbered; nothing else changes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    const auto numbered = zs::relational::postgres::number_parameters(sql);
    const auto marks = std::count(sql.begin(), sql.end(), '?');
    const auto kept = std::count(numbered.text.begin(), numbered.text.end(), '?');
    ZS_ASSERT(numbered.parameters >= 0 && kept + numbered.parameters <= marks);
    const auto again = zs::relational::postgres::number_parameters(numbered.text);
    ZS_ASSERT(kept == 0 || numbered.parameters == 0 || again.parameters <= kept);
    return 0;
}
