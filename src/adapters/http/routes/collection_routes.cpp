#include "adapters/http/routes/collection_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

boost::json::object encode_collection(const data::Collection& collection) {
    boost::json::object out;
    out.emplace("name", collection.name);
    out.emplace("projection", data::show_projection(collection.projection));
    out.emplace("document_count", collection.document_count);
    out.emplace("created_at", to_rfc3339(collection.created_at));
    if (collection.backfill) {
        const auto& backfill = *collection.backfill;
        boost::json::object progress;
        progress.emplace("state", backfill.failure.empty() ? "running" : "failed");
        progress.emplace("done", backfill.done);
        progress.emplace("total", backfill.total);
        if (!backfill.failure.empty()) progress.emplace("message", backfill.failure);
        out.emplace("backfill", std::move(progress));
    }
    return out;
}

// The member "projection" of a body. Errors: Unprocessable when it is not there at all.
Result<boost::json::value> projection_of(const boost::json::value& body, bool required) {
    const auto* object = body.if_object();
    if (object == nullptr) return unprocessable("the body must be an object", "projection");
    if (const auto* projection = object->if_contains("projection")) return *projection;
    if (!required) return boost::json::value(nullptr);
    return unprocessable("'projection' is missing; null removes it", "projection");
}

}  // namespace

void CollectionRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = right(Resource::Collections, Right::Read);
    router.add(Method::Get, "/v1/collections", options,
               [this](Request& request) { return list(request); });
    router.add(Method::Get, "/v1/collections/{name}", options,
               [this](Request& request) { return find(request); });
    router.add(Method::Get, "/v1/collections/{name}/projection", options,
               [this](Request& request) { return find_projection(request); });
    options.needs = right(Resource::Collections, Right::Create);
    router.add(Method::Post, "/v1/collections", options,
               idempotency_.wrap([this](Request& request) { return create(request); }));
    options.needs = right(Resource::Collections, Right::Delete);
    router.add(Method::Delete, "/v1/collections/{name}", options,
               [this](Request& request) { return drop(request); });
    options.needs = right(Resource::Collections, Right::Update);
    router.add(Method::Put, "/v1/collections/{name}/projection", options,
               [this](Request& request) { return put_projection(request); });
}

async::Task<Result<Response>> CollectionRoutes::list(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto all = co_await collections_.list(request.principal());
    if (!all) co_return std::move(all).error();
    const auto name_of = [](const data::Collection& collection) { return collection.name; };
    auto page = page_of(std::move(*all), *wanted, "collections", name_of, SortOrder::Ascending);
    if (!page) co_return std::move(page).error();
    boost::json::array items;
    for (const auto& collection : page->items)
        items.push_back(encode_collection(collection));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> CollectionRoutes::create(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto projection = projection_of(*body, false);
    if (!projection) co_return std::move(projection).error();
    const auto* name = body->get_object().if_contains("name");
    if (name == nullptr || !name->is_string()) {
        co_return unprocessable("'name' must be text", "name");
    }
    std::string text(name->get_string().data(), name->get_string().size());
    auto created =
        co_await collections_.create(request.principal(), std::move(text), std::move(*projection));
    if (!created) co_return std::move(created).error();
    auto shown = encode_collection(created->collection);
    shown.emplace("ok", true);
    co_return json_response(shown, created->existed ? 200 : 201);
}

async::Task<Result<Response>> CollectionRoutes::find(Request& request) {
    std::string name(request.path_param("name"));
    auto found = co_await collections_.find(request.principal(), std::move(name));
    if (!found) co_return std::move(found).error();
    co_return json_response(encode_collection(*found));
}

async::Task<Result<Response>> CollectionRoutes::drop(Request& request) {
    std::string name(request.path_param("name"));
    auto dropped =
        co_await collections_.drop(request.principal(), client_of(request), std::move(name));
    co_return answer_empty(dropped);
}

async::Task<Result<Response>> CollectionRoutes::find_projection(Request& request) {
    std::string name(request.path_param("name"));
    auto found = co_await collections_.find(request.principal(), std::move(name));
    if (!found) co_return std::move(found).error();
    if (!found->projection) {
        co_return not_found("the collection has no projection", "no_projection");
    }
    co_return json_response(data::show_projection(found->projection));
}

async::Task<Result<Response>> CollectionRoutes::put_projection(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    // {"projection":…}, or the projection itself.
    const auto* object = body->if_object();
    const bool bare =
        object != nullptr && !object->contains("projection") && object->contains("columns");
    Result<boost::json::value> projection = bare ? *body : projection_of(*body, true);
    if (!projection) co_return std::move(projection).error();
    std::string name(request.path_param("name"));
    auto changed =
        co_await collections_.project(request.principal(), std::move(name), std::move(*projection));
    if (!changed) co_return std::move(changed).error();
    auto shown = encode_collection(changed->collection);
    shown.emplace("ok", true);
    shown.emplace("backfilled", changed->backfilled);
    co_return json_response(shown, changed->collection.backfill ? 202 : 200);
}

}  // namespace zs::http
