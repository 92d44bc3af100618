#include "server/version.hpp"

namespace zs::server {

const std::string_view kVersion = ZS_VERSION;
const std::string_view kCommit = ZS_COMMIT;

}  // namespace zs::server
