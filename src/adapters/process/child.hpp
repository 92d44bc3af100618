#pragma once

#include "adapters/process/shim_message.hpp"

#include <string_view>
#include <sys/types.h>

namespace zs::process {

// Where on the way to the program it failed.
enum class ChildStep : std::uint32_t {
    None,
    Pipes,
    Fork,
    Cgroup,
    Limits,
    Folder,
    User,
    Privileges,
    Execute,
};
std::string_view to_text(ChildStep step) noexcept;

// What the program gets for descriptors 0 to 2. The parent closes them.
struct ChildStreams {
    int input = -1;
    int output = -1;
    int errors = -1;
};

struct SpawnedChild {
    pid_t pid = -1;  // leads a session and a process group of its own
    int error = 0;   // errno; then there is no child
    ChildStep step = ChildStep::None;
};

// Starts the program without copying this process: own session, limits, user, no new privileges,
// signals as new, only descriptors 0 to 2. It dies with this process.
// Threading: the process has one thread.
SpawnedChild spawn_child(const ShimStart& start, const ChildStreams& streams);

}  // namespace zs::process
