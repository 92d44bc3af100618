#pragma once

#include "adapters/http/router.hpp"
#include "core/events/fanout.hpp"

#include <functional>
#include <memory>

namespace zs::http {

// Events for clients without WebSocket: GET /v1/events, and the numbers of GET /v1/metrics/ws.
// Source: http-api.md section 9. Lifetime: the fan-out outlives it, it outlives the router.
class EventRoutes {
public:
    struct Options {
        std::size_t subscriptions_max = 100;
        std::chrono::milliseconds keep_alive{15'000};
        // Whether a topic is there for this principal. Errors: NotFound. Rights are checked before.
        std::function<async::Task<Result<void>>(identity::PrincipalPtr, events::TopicFilter)>
            look_up;
        // A place among the connections that stay open, given back when it goes; null: all are
        // taken. Absent: any number.
        std::function<std::shared_ptr<void>()> take_place = {};
    };

    EventRoutes(events::Fanout& fanout, const Clock& clock, Options options)
        : fanout_(fanout), clock_(clock), options_(std::move(options)) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> stream(Request& request);
    async::Task<Result<std::vector<events::TopicFilter>>> filters_of(Request& request);

    events::Fanout& fanout_;
    const Clock& clock_;
    const Options options_;
};

}  // namespace zs::http
