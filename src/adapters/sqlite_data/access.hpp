#pragma once

#include "base/error.hpp"
#include "core/identity/rights.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {

// One right that a statement uses. An empty table means the whole resource.
struct Access {
    identity::Resource resource = identity::Resource::Tables;
    identity::Right right = identity::Right::Read;
    std::string table;
    bool operator==(const Access&) const = default;
};

Error missing_access(const Access& access);
bool allows(const identity::Rights& rights, const Access& access);

// Every right a prepared statement uses, as the engine's authorizer reported them. Kept beside the
// statement, so that another caller of the cached statement is held to the same list.
class AccessList {
public:
    void add(Access access);
    // Errors: Forbidden "permission_denied" naming the first right that is missing.
    Result<void> check(const identity::Rights& rights) const;
    bool has(identity::Right right, std::string_view table) const;
    const std::vector<Access>& all() const { return accesses_; }

private:
    std::vector<Access> accesses_;
};

}  // namespace zs::sqlite_data
