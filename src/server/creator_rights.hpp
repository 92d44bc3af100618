#pragma once

#include "core/identity/permission_store.hpp"
#include "core/identity/user_store.hpp"
#include "core/jobs/scheduler.hpp"

namespace zs::server {

// What a user may do now, asked of the stores: schedules act in the names of those who made them.
// Lifetime: the stores outlive it.
jobs::Scheduler::RightsNow creator_rights(identity::UserStore& users,
                                          identity::PermissionStore& permissions);

}  // namespace zs::server
