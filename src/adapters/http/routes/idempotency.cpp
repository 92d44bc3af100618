#include "adapters/http/routes/idempotency.hpp"

#include "adapters/http/routes/buffered_request.hpp"

#include <exception>

namespace zs::http {
namespace {

idempotency::KeptReply to_kept(const Response& response) {
    idempotency::KeptReply kept;
    kept.status = response.status;
    kept.content_type = response.content_type;
    kept.body = response.body;
    for (const auto& header : response.headers)
        kept.headers.emplace_back(header.name, header.value);
    return kept;
}

Response to_response(idempotency::KeptReply kept) {
    Response response;
    response.status = kept.status;
    response.content_type = std::move(kept.content_type);
    response.body = std::move(kept.body);
    for (auto& [name, value] : kept.headers)
        response.with(std::move(name), std::move(value));
    response.with("Idempotency-Replayed", "true");
    return response;
}

}  // namespace

struct Idempotency::Wrapped {
    Handler handler;
    Replies replies;
};

Handler Idempotency::wrap(Handler handler, Replies replies) {
    auto wrapped = std::make_shared<const Wrapped>(Wrapped{std::move(handler), replies});
    return [this, wrapped = std::move(wrapped)](Request& request) {
        const auto key = request.header("idempotency-key");
        if (!key) return wrapped->handler(request);
        return run(request, wrapped, std::string(*key));
    };
}

async::Task<Result<Response>> Idempotency::run(Request& request,
                                               std::shared_ptr<const Wrapped> wrapped,
                                               std::string client_key) {
    const auto good = service_.check_key(client_key);
    if (!good) co_return good.error();
    auto body = co_await read_all(request);
    if (!body) co_return std::move(body).error();
    auto id = idempotency::make_key_id(*request.principal(), to_text(request.method()),
                                       request.path(), client_key);
    auto hash = idempotency::request_hash(request.raw_query(), *body);
    auto begun = co_await service_.begin(id, std::move(hash));
    if (!begun) co_return std::move(begun).error();
    if (*begun) co_return to_response(std::move(**begun));
    co_return co_await run_once(request, std::move(wrapped), std::move(id), std::move(*body));
}

async::Task<Result<Response>> Idempotency::run_once(Request& request,
                                                    std::shared_ptr<const Wrapped> wrapped,
                                                    idempotency::KeyId id, std::string body) {
    BufferedRequest buffered(request, std::move(body));
    Result<Response> answered = internal_error("the handler did not answer");
    std::exception_ptr failure;
    try {
        answered = co_await wrapped->handler(buffered);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        // How far the handler came is unknown, so the key is never run again.
        co_await service_.lose(std::move(id));
        std::rethrow_exception(failure);
    }
    if (!answered) answered = error_response(answered.error(), request.request_id());
    const bool secret = wrapped->replies == Replies::Secret && answered->status < 300;
    if (answered->source || secret) {
        co_await service_.lose(std::move(id));
    } else {
        auto kept = to_kept(*answered);
        co_await service_.finish(std::move(id), std::move(kept));
    }
    co_return answered;
}

}  // namespace zs::http
