#pragma once

#include "async/task.hpp"

namespace zs::http {

enum class CheckState { Healthy, Degraded, Unhealthy, Disabled };

// How the parts of the process are. Disabled: not part of this configuration.
struct HealthSnapshot {
    CheckState server = CheckState::Healthy;  // Degraded while recovering or stopping
    CheckState database = CheckState::Healthy;
    CheckState queue = CheckState::Disabled;
    CheckState worker = CheckState::Disabled;
    CheckState websocket = CheckState::Disabled;
    CheckState rtc = CheckState::Disabled;
    CheckState disk = CheckState::Healthy;  // Unhealthy: no space for another write
};

// What the probes ask. The composition root implements it: it alone knows every part.
// Threading: call from any io thread; must not block it. Probes are public and not rate limited, so
// an answer may be up to a second old, and always comes within two.
class HealthChecks {
public:
    virtual ~HealthChecks() = default;
    virtual async::Task<HealthSnapshot> check() = 0;
};

}  // namespace zs::http
