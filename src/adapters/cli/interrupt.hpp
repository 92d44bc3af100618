#pragma once

#include <csignal>

namespace zs::cli {

// While one lives, SIGINT sets a flag instead of ending the process, so that a command can stop in
// order and answer 130. A second SIGINT ends it at once.
// Threading: one at a time.
class InterruptScope {
public:
    InterruptScope();
    ~InterruptScope();
    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;

private:
    struct sigaction before_ {};
};

// Whether SIGINT came during the latest scope.
bool interrupted() noexcept;

}  // namespace zs::cli
