#include "core/data/row_lookup.hpp"

#include <limits>
#include <utility>

namespace zs::data {

SqlRequest lookup_request(const identity::Principal& principal, std::string sql,
                          async::Deadline deadline, const std::stop_token& cancelled) {
    SqlRequest request;
    request.sql = std::move(sql);
    // A number, so that the engine reads at its own pace.
    request.rows_max = std::numeric_limits<std::uint64_t>::max();
    request.deadline = deadline;
    request.cancelled = cancelled;
    request.tenant = principal.tenant;
    request.rights = principal.rights;
    return request;
}

}  // namespace zs::data
