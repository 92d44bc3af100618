#pragma once

#include "adapters/http/router.hpp"
#include "base/metrics.hpp"

#include <cstdint>
#include <vector>

namespace zs::http {

// Counts answered requests by method, route pattern and status. Remembers the metrics it asked for,
// so that counting takes no lock.
// Threading: one per event loop; what it counts in is shared.
class RequestMetrics {
public:
    explicit RequestMetrics(const Router& router);
    // `route` is null when none was found.
    void count(const Route* route, Method method, unsigned status, double seconds);

private:
    struct ByStatus {
        unsigned status;
        metrics::Counter* counter;
    };
    struct Slot {
        metrics::Histogram* duration = nullptr;
        std::vector<ByStatus> requests;
    };
    Slot& slot_of(const Route* route, Method method);

    std::vector<Slot> slots_;
};

}  // namespace zs::http
