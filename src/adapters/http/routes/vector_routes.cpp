#include "adapters/http/routes/vector_routes.hpp"

#include "adapters/http/routes/route_support.hpp"
#include "adapters/http/routes/vector_answers.hpp"
#include "adapters/http/routes/vector_body.hpp"
#include "base/encoding.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

void VectorRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();
    router.add(Method::Post, "/v1/knn", options, [this](Request& r) { return knn(r); });
    options.needs = right(Resource::Indexes, Right::Create);
    router.add(Method::Post, "/v1/indexes/hnsw/build", options,
               idempotency_.wrap([this](Request& r) { return build(r); }));
    options.needs = right(Resource::Indexes, Right::Read);
    router.add(Method::Post, "/v1/indexes/hnsw/search", options,
               [this](Request& r) { return search(r); });
    router.add(Method::Get, "/v1/indexes/hnsw", options, [this](Request& r) { return list(r); });
    router.add(Method::Get, "/v1/indexes/hnsw/{table}/{column}/stats", options,
               [this](Request& r) { return stats(r); });
    options.needs = right(Resource::Indexes, Right::Delete);
    router.add(Method::Delete, "/v1/indexes/hnsw/{table}/{column}", options,
               [this](Request& r) { return drop(r); });
}

async::Task<Result<Response>> VectorRoutes::knn(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    const auto* object = body->if_object();
    if (object != nullptr && object->contains("table")) {
        auto wanted = decode_search_body(*body);
        if (!wanted) co_return std::move(wanted).error();
        wanted->call.cancelled = request.stop_token();
        const auto rows = std::make_shared<HitRows>();
        auto found = co_await vectors_.knn(request.principal(), std::move(wanted->call), rows);
        if (!found) co_return std::move(found).error();
        co_return json_text_response(
            search_answer(*found, *rows, wanted->form, AnswerForm::Results));
    }
    auto wanted = decode_given_body(*body);
    if (!wanted) co_return std::move(wanted).error();
    const QueryForm form = wanted->form;
    wanted->given.dimensions_max = vectors_.dimensions_max();
    auto work = [given = std::move(wanted->given), cancelled = request.stop_token()] {
        return data::nearest_given(given, cancelled);
    };
    auto found = co_await pool_.run(std::move(work));
    if (!found) co_return std::move(found).error();
    co_return json_text_response(given_answer(*found, form));
}

async::Task<Result<Response>> VectorRoutes::build(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto wanted = decode_build_body(*body);
    if (!wanted) co_return std::move(wanted).error();
    const data::BuildWait wait = wanted->wait;
    auto built = co_await vectors_.build(request.principal(), std::move(wanted->definition), wait);
    if (!built) co_return std::move(built).error();
    boost::json::object out = encode_index(built->info);
    out.emplace("ok", true);
    out.emplace("elapsed_ms", built->took.count());
    unsigned status = built->replaced ? 200 : 201;
    if (wait == data::BuildWait::UntilDurable) status = 202;
    co_return json_response(out, status);
}

async::Task<Result<Response>> VectorRoutes::search(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto wanted = decode_search_body(*body);
    if (!wanted) co_return std::move(wanted).error();
    wanted->call.cancelled = request.stop_token();
    const auto rows = std::make_shared<HitRows>();
    auto found = co_await vectors_.search(request.principal(), std::move(wanted->call), rows);
    if (!found) co_return std::move(found).error();
    co_return json_text_response(
        search_answer(*found, *rows, wanted->form, AnswerForm::HitsAndResults));
}

async::Task<Result<Response>> VectorRoutes::list(Request& request) {
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    const auto table = request.query("table");
    auto indexes = co_await vectors_.list(request.principal());
    if (!indexes) co_return std::move(indexes).error();
    if (table) {
        std::erase_if(*indexes, [&](const auto& index) {
            return !equals_ignoring_case(index.definition.table, *table);
        });
    }
    const auto name_of = [](const data::VectorIndexInfo& index) { return index.definition.name; };
    auto page = page_of(std::move(*indexes), *wanted, "hnsw:" + table.value_or(""), name_of,
                        SortOrder::Ascending);
    if (!page) co_return std::move(page).error();
    boost::json::array items;
    for (const auto& index : page->items)
        items.push_back(encode_index(index));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> VectorRoutes::stats(Request& request) {
    std::string table(request.path_param("table"));
    std::string column(request.path_param("column"));
    auto found = co_await vectors_.stats(request.principal(), std::move(table), std::move(column));
    if (!found) co_return std::move(found).error();
    co_return json_response(encode_index_stats(*found));
}

async::Task<Result<Response>> VectorRoutes::drop(Request& request) {
    std::string table(request.path_param("table"));
    std::string column(request.path_param("column"));
    auto dropped = co_await vectors_.drop(request.principal(), std::move(table), std::move(column));
    co_return answer_empty(dropped);
}

}  // namespace zs::http
