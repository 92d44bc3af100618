#include "adapters/sqlite_data/access.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace zs::sqlite_data {

Error missing_access(const Access& access) {
    Error error = identity::missing_right(access.resource, access.right);
    if (!access.table.empty()) {
        error.message += " on '" + access.table + "'";
        error.details["table"] = access.table;
    }
    return error;
}

bool allows(const identity::Rights& rights, const Access& access) {
    if (access.resource == identity::Resource::Tables && !access.table.empty()) {
        return rights.allows_table(access.table, access.right);
    }
    return rights.allows(access.resource, access.right);
}

void AccessList::add(Access access) {
    if (std::ranges::find(accesses_, access) == accesses_.end()) {
        accesses_.push_back(std::move(access));
    }
}

Result<void> AccessList::check(const identity::Rights& rights) const {
    for (const Access& access : accesses_) {
        if (!allows(rights, access)) return missing_access(access);
    }
    return {};
}

bool AccessList::has(identity::Right right, std::string_view table) const {
    return std::ranges::any_of(accesses_, [&](const Access& access) {
        return access.resource == identity::Resource::Tables && access.right == right
               && equals_ignoring_case(access.table, table);
    });
}

}  // namespace zs::sqlite_data
