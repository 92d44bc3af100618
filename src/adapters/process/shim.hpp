#pragma once

#include <string_view>

namespace zs::process {

// The hidden command that makes this binary a shim. It needs nothing of the server and is to be
// called before anything else of the process is set up.
inline constexpr std::string_view kShimCommand = "job-shim";

// True when the command line says that this process is to be a shim.
bool is_shim_command(int argc, char** argv);

// Serves attempts, one after the other, to the server at the other end of descriptor 3, until that
// is closed and nothing runs any more. Answers the exit code.
// A process of its own per running attempt, since a child subreaper knows its descendants apart
// from nobody else's, and since it outlives the server. It is used again, because starting a
// program the size of the server costs more than most attempts do.
int run_shim();

}  // namespace zs::process
