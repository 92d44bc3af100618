#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zs::process {

// A process that cannot be taken for another one: numbers are used again, start times are not.
struct ProcessMark {
    pid_t pid = 0;
    std::uint64_t start = 0;  // in clock ticks after boot
};

// Of the running kernel; empty when it does not say.
std::string boot_id();
// 0 when there is no such process.
std::uint64_t start_time(pid_t pid);
bool is_alive(const ProcessMark& mark);

// All descendants of `root`, parents before children.
std::vector<pid_t> descendants_of(pid_t root);
// Sends SIGKILL to every descendant. Answers how many there were.
std::size_t kill_descendants(pid_t root);
// How many tasks (threads count) belong to the user: what RLIMIT_NPROC is compared with.
std::uint64_t tasks_of_user(uid_t uid);

}  // namespace zs::process
