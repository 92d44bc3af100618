#pragma once

#include "adapters/http/router.hpp"
#include "core/idempotency/idempotency_service.hpp"

#include <memory>
#include <string>

namespace zs::http {

// Makes POST routes repeatable: wraps a handler so that a request with an Idempotency-Key runs
// once. Requests without the header pass through. Only for routes that need a token.
// Lifetime: the service outlives it, and it outlives the router. Threading: any.
class Idempotency {
public:
    // Secret: the reply holds what is shown once, so it is not stored; a repetition is told
    // "idempotency_reply_lost".
    enum class Replies { Kept, Secret };

    explicit Idempotency(idempotency::IdempotencyService& service) : service_(service) {}

    Handler wrap(Handler handler, Replies replies = Replies::Kept);

private:
    struct Wrapped;
    async::Task<Result<Response>> run(Request& request, std::shared_ptr<const Wrapped> wrapped,
                                      std::string client_key);
    async::Task<Result<Response>> run_once(Request& request, std::shared_ptr<const Wrapped> wrapped,
                                           idempotency::KeyId id, std::string body);

    idempotency::IdempotencyService& service_;
};

}  // namespace zs::http
