#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace zs::server {

// What the programs of the crash test wrote down themselves, whoever ran them: one file that every
// run appends to, so that nothing the server says is taken on trust.
// Threading: any.
class CrashLedger {
public:
    enum class Mark : std::uint8_t { Begin, Line, End };
    using RunKey = std::pair<std::string, int>;  // job and attempt
    struct Run {
        bool is_remote = false;  // run by `zserver worker`
        pid_t shim = 0;
        std::chrono::steady_clock::time_point seen_at;  // its beginning
        bool has_ended = false;
    };

    explicit CrashLedger(std::filesystem::path file);
    // A shell command that keeps this ledger: five numbered lines in a quarter of a second.
    std::string numbered_lines() const;
    // One whose first attempt lasts until it is killed.
    std::string long_once() const;

    // Waits for the next mark of this kind; false when none comes within `patience`.
    bool wait_for_blocking(Mark mark, std::chrono::milliseconds patience);
    // Waits until the ledger is as `wanted` says.
    using Runs = std::map<RunKey, Run>;
    bool wait_until_blocking(const std::function<bool(const Runs&)>& wanted,
                             std::chrono::milliseconds patience);
    Runs runs();
    // Begun and not ended.
    std::vector<RunKey> under_way();

private:
    void read_on();
    std::string preamble() const;

    const std::filesystem::path file_;
    std::mutex mutex_;
    std::uint64_t offset_ = 0;
    std::map<Mark, std::uint64_t> marks_;
    Runs runs_;
};

}  // namespace zs::server
