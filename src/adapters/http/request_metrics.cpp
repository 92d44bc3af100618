#include "adapters/http/request_metrics.hpp"

#include <algorithm>

namespace zs::http {
namespace {

constexpr std::size_t kMethods = 8;
constexpr std::string_view kNoRoute = "unmatched";

}  // namespace

// A slot for each method that found no route, then two for each route: its method, and HEAD.
RequestMetrics::RequestMetrics(const Router& router)
    : slots_(kMethods + 2 * router.routes().size()) {}

RequestMetrics::Slot& RequestMetrics::slot_of(const Route* route, Method method) {
    if (route == nullptr) return slots_[static_cast<std::size_t>(method)];
    return slots_[kMethods + 2 * route->index + (method == Method::Head ? 1 : 0)];
}

void RequestMetrics::count(const Route* route, Method method, unsigned status, double seconds) {
    auto& slot = slot_of(route, method);
    const auto labels = [&] {
        return metrics::Labels{
            {"method", std::string(to_text(method))},
            {"route", route == nullptr ? std::string(kNoRoute) : route->pattern}};
    };
    if (slot.duration == nullptr) {
        slot.duration = &metrics::histogram("http_request_duration_seconds",
                                            "From the request's head to the end of its answer.",
                                            metrics::duration_bounds(), labels());
    }
    auto found = std::find_if(slot.requests.begin(), slot.requests.end(),
                              [&](const ByStatus& entry) { return entry.status == status; });
    if (found == slot.requests.end()) {
        auto all = labels();
        all.emplace_back("status", std::to_string(status));
        auto& counter = metrics::counter("http_requests_total", "Answered requests.", all);
        slot.requests.push_back({status, &counter});
        found = slot.requests.end() - 1;
    }
    found->counter->add();
    slot.duration->observe(seconds);
}

}  // namespace zs::http
