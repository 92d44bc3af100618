#pragma once

#include "async/task.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/organization_store.hpp"

#include <vector>

namespace zs::identity {

class EnvironmentService {
public:
    explicit EnvironmentService(EnvironmentStore& store) : store_(store) {}
    // GET /v1/environments
    async::Task<Result<std::vector<EnvironmentView>>> list(PrincipalPtr caller);

private:
    EnvironmentStore& store_;
};

}  // namespace zs::identity
