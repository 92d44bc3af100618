#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace zs::bench {

struct Command {
    std::vector<std::string> arguments;                            // the program first
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours
    std::filesystem::path log;        // where stderr goes; empty: nowhere
    std::optional<std::string> user;  // run as this account; only root can
};

// A child and its descendants, killed at the latest when this object goes or we are interrupted.
// Threading: one thread, the one that made it.
class Process {
public:
    explicit Process(const Command& command);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;

    pid_t pid() const { return pid_; }
    bool is_running();
    // Reads stdout until a line starts with `prefix`; answers the rest of that line. What comes
    // later is not read, so it must be little. Throws Failure when the child ends first.
    std::string wait_for_line(std::string_view prefix, std::chrono::seconds patience);
    // Sends the signal and waits for the end; SIGKILL after `patience`. Answers the exit code, or
    // 128 + the signal that ended it.
    int stop(int signal, std::chrono::seconds patience = std::chrono::seconds(10));

private:
    std::optional<int> reap(bool wait);

    pid_t pid_ = -1;
    int out_ = -1;
    std::optional<int> exit_code_;
};

// Makes SIGINT and SIGTERM end this program and every Process in it. Call once, before the first.
void end_children_with_us();

// Runs a command to its end. Throws Failure, with the end of its log, unless it exits with 0.
void run_to_end(const Command& command);

// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

// Processor time of a process and all its descendants, the dead ones it has waited for included.
double cpu_seconds_of_tree(pid_t root);
// Resident memory of one process, in MiB: all of it, and only what is not mapped from files.
struct Memory {
    double resident_mib = 0;
    double anonymous_mib = 0;
};
Memory memory_of(pid_t pid);

}  // namespace zs::bench
