#pragma once

#include "core/jobs/job_spec.hpp"

#include <cstdint>

namespace zs::jobs {

// Who decides what runs next: this process alone, from memory, or the store, because several
// processes lease from it.
enum class QueueMode : std::uint8_t { Embedded, Shared };

// What the operator chooses. Source: jobs.md section 12.
struct QueueConfig {
    QueueMode mode = QueueMode::Embedded;
    SpecDefaults spec;
    Millis lease{300'000};
    Millis poll{5'000};  // how long a worker waits for work at a time
    Millis backoff{1'000};
    Millis backoff_max{300'000};
    std::uint32_t lost_leases_max = 3;
    Millis kill_grace{10'000};
    // Per tenant; 0: none.
    std::uint64_t pending_max = 1'000'000;
    std::uint64_t running_max = 0;
    int retention_days = 7;  // 0: final jobs are kept
    std::uint64_t seed = 0;  // of the jitter; 0: drawn
    // Shared mode: how often the store is asked for work that others brought.
    Millis shared_poll{200};
};

}  // namespace zs::jobs
