#pragma once

#include "core/jobs/handler_registry.hpp"

#include <cstddef>

namespace zs::server {

// What a program that embeds the server adds to it.
struct Extensions {
    // Kinds of jobs that run as functions of this process.
    jobs::HandlerRegistry handlers;
    // Attempts of them at once; programs have slots of their own (worker.concurrency).
    std::size_t handler_slots = 4;
};

}  // namespace zs::server
