#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace zs::process {

// How far the output of an attempt is in the log: where in the spool to go on, how many lines came
// out before, and what is between two lines there. Beside the spool, for a later server.
struct Checkpoint {
    std::uint64_t offset = 0;
    std::uint64_t lines = 0;
    std::string between;  // OutputLines::save()
};

// Replaces the last one, whole or not at all when this process is killed. Errors: Unavailable.
Result<void> write_checkpoint_blocking(const std::string& folder, const Checkpoint& checkpoint);
// nullopt when there is none.
std::optional<Checkpoint> read_checkpoint_blocking(const std::string& folder);

}  // namespace zs::process
