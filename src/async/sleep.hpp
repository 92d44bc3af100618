#pragma once

#include "async/deadline.hpp"
#include "async/task.hpp"

namespace zs::async {

// Waits on the caller's executor. Ends early, with an exception, when the task is cancelled.
Task<> sleep_for(Deadline::Duration span);

}  // namespace zs::async
