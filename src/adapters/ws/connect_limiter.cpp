#include "adapters/ws/connect_limiter.hpp"

namespace zs::ws {

bool ConnectLimiter::allows(const std::string& network, TimePoint now) {
    if (per_second_ == 0) return true;
    const std::lock_guard lock(mutex_);
    if (windows_.size() >= kNetworksMax) windows_.clear();
    auto& window = windows_[network];
    if (now - window.begun >= std::chrono::seconds(1)) window = {now, 0};
    return ++window.count <= per_second_;
}

}  // namespace zs::ws
