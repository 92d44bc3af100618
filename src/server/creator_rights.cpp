#include "server/creator_rights.hpp"

#include "core/identity/authenticator.hpp"

namespace zs::server {
namespace {

using identity::Resource;
using identity::Right;
using jobs::CreatorRights;

async::Task<Result<CreatorRights>> look_up(identity::UserStore& users,
                                           identity::PermissionStore& permissions,
                                           identity::Tenant tenant, identity::UserId id) {
    CreatorRights rights;
    // The administrator of --dev has no account.
    if (id == identity::dev_user_id()) co_return rights;
    rights.may_submit = false;
    rights.may_read_files = false;
    auto user = co_await users.find(tenant.org_id, id);
    if (!user && user.error().code == ErrorCode::NotFound) co_return rights;
    if (!user) co_return user.error();
    if (!identity::may_sign_in(*user)) co_return rights;
    auto keys = identity::principals_of(*user);
    auto records = co_await permissions.of_principals(tenant.org_id, keys);
    if (!records) co_return records.error();
    const auto held = identity::resolve_rights(keys, *records);
    rights.may_submit = held.on(Resource::Jobs).has(Right::Create);
    rights.may_read_files = held.on(Resource::Files).has(Right::Read);
    co_return rights;
}

}  // namespace

jobs::Scheduler::RightsNow creator_rights(identity::UserStore& users,
                                          identity::PermissionStore& permissions) {
    return [&users, &permissions](identity::Tenant tenant, identity::UserId id) {
        return look_up(users, permissions, std::move(tenant), id);
    };
}

}  // namespace zs::server
