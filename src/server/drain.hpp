#pragma once

#include "async/io_runtime.hpp"

#include <thread>

namespace zs::server {

// Ends a process on its first signal: `drain` waits for what runs, a second signal calls `hurry`,
// on another thread. Afterwards the runtime waits for no signal any more.
template <class Drain, class Hurry>
void drain_blocking(async::IoRuntime& io, Drain drain, Hurry hurry) {
    std::thread second_signal([&io, &hurry] {
        if (io.wait_for_signal_blocking() != 0) hurry();
    });
    drain();
    io.request_stop();
    second_signal.join();
}

}  // namespace zs::server
