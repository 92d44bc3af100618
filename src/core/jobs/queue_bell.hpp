#pragma once

#include "core/jobs/job.hpp"

#include <functional>
#include <vector>

namespace zs::jobs {

// What other processes on the same store are told to look at.
struct Ring {
    bool work = false;           // something may have become ready to run
    std::vector<JobId> changed;  // states of these, a wish to cancel included
};

// Carries rings between the processes that lease from one store. They are hints: they may come
// late, twice or never, so that whoever hears of nothing has to look again all the same.
// Threading: any; nothing here waits.
class QueueBell {
public:
    virtual ~QueueBell() = default;
    // Everybody hears it but this process. Success is not known.
    virtual void ring(Ring ring) = 0;
    // Called on a thread of the bell, and must not wait; an empty one listens no more, and when
    // this has answered no call is under way.
    using Listener = std::function<void(const Ring&)>;
    virtual void on_ring(Listener listener) = 0;
};

}  // namespace zs::jobs
