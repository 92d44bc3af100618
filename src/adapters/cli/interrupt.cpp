#include "adapters/cli/interrupt.hpp"

namespace zs::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void remember_interrupt(int) {
    g_interrupted = 1;
}

}  // namespace

InterruptScope::InterruptScope() {
    g_interrupted = 0;
    struct sigaction action {};
    action.sa_handler = remember_interrupt;
    // The second one is not ours. No SA_RESTART: a blocking read must return.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &before_);
}

InterruptScope::~InterruptScope() {
    sigaction(SIGINT, &before_, nullptr);
}

bool interrupted() noexcept {
    return g_interrupted != 0;
}

}  // namespace zs::cli
