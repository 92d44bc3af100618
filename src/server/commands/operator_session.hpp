#pragma once

#include "server/commands/control_plane.hpp"

#include <memory>

namespace zs::identity {
struct Identity;
}
namespace zs::relational {
struct IdentityStores;
}

namespace zs::server {

// Identities as an operator at the machine changes them: directly in the database, with the rules
// of the services. A running server notices within a second.
// Threading: from one thread, which is not an io thread.
class OperatorSession {
public:
    // Errors: as ControlPlane and load_token_secrets_blocking.
    static Result<std::unique_ptr<OperatorSession>> open_blocking(const Config& config);
    ~OperatorSession();

    identity::Identity& identity();
    relational::IdentityStores& stores();
    ControlPlane& plane() { return *plane_; }

private:
    struct Parts;
    OperatorSession(std::unique_ptr<ControlPlane> plane, std::unique_ptr<Parts> parts);

    std::unique_ptr<ControlPlane> plane_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace zs::server
