#include "adapters/http/routes/api_key_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

void ApiKeyRoutes::register_routes(Router& router) {
    register_under(router, "/v1/api-keys");
    register_under(router, "/api/v1/api-keys");
}

void ApiKeyRoutes::register_under(Router& router, const std::string& base) {
    RouteOptions options;
    options.needs = token();
    options.no_store = true;
    const auto secret = Idempotency::Replies::Secret;
    router.add(Method::Get, base, options, [this](Request& request) { return list(request); });
    router.add(Method::Post, base, options,
               idempotency_.wrap([this](Request& request) { return create(request); }, secret));
    router.add(Method::Get, base + "/{id}", options,
               [this](Request& request) { return find(request); });
    router.add(Method::Put, base + "/{id}", options,
               [this](Request& request) { return update(request); });
    router.add(Method::Delete, base + "/{id}", options,
               [this](Request& request) { return revoke(request); });
    router.add(Method::Post, base + "/{id}/rotate", options,
               idempotency_.wrap([this](Request& request) { return rotate(request); }, secret));
}

async::Task<Result<Response>> ApiKeyRoutes::list(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto keys = co_await keys_.list(request.principal());
    if (!keys) co_return std::move(keys).error();
    const auto id_of = [](const identity::ApiKeyView& key) { return key.id.to_string(); };
    auto page = page_of(std::move(*keys), *wanted, "api-keys", id_of, SortOrder::Descending);
    co_return page_answer(request, page);
}

async::Task<Result<Response>> ApiKeyRoutes::create(Request& request) {
    auto body = co_await read_body_or_empty<identity::ApiKeyRequest>(request);
    if (!body) co_return std::move(body).error();
    auto key = co_await keys_.create(request.principal(), std::move(*body), client_of(request));
    co_return answer(key, 201);
}

async::Task<Result<Response>> ApiKeyRoutes::find(Request& request) {
    const auto id = path_id<identity::ApiKeyId>(request);
    if (!id) co_return id.error();
    auto key = co_await keys_.find(request.principal(), *id);
    co_return answer(key);
}

async::Task<Result<Response>> ApiKeyRoutes::update(Request& request) {
    const auto id = path_id<identity::ApiKeyId>(request);
    if (!id) co_return id.error();
    auto patch = co_await read_body<identity::ApiKeyPatch>(request);
    if (!patch) co_return std::move(patch).error();
    auto key =
        co_await keys_.update(request.principal(), *id, std::move(*patch), client_of(request));
    co_return answer(key);
}

async::Task<Result<Response>> ApiKeyRoutes::revoke(Request& request) {
    const auto id = path_id<identity::ApiKeyId>(request);
    if (!id) co_return id.error();
    auto done = co_await keys_.revoke(request.principal(), *id, client_of(request));
    if (!done) co_return std::move(done).error();
    co_return json_text_response(R"({"message":"the API key is revoked"})");
}

async::Task<Result<Response>> ApiKeyRoutes::rotate(Request& request) {
    const auto id = path_id<identity::ApiKeyId>(request);
    if (!id) co_return id.error();
    auto body = co_await read_body_or_empty<identity::RotateApiKeyRequest>(request);
    if (!body) co_return std::move(body).error();
    auto key = co_await keys_.rotate(request.principal(), *id, *body, client_of(request));
    co_return answer(key);
}

}  // namespace zs::http
