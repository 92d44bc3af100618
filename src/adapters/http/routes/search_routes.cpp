#include "adapters/http/routes/search_routes.hpp"

#include "adapters/http/routes/body_fields.hpp"
#include "adapters/http/routes/route_support.hpp"
#include "adapters/http/routes/vector_answers.hpp"
#include "base/json.hpp"

namespace zs::http {
namespace json = boost::json;

using identity::Resource;
using identity::Right;

namespace {

// An error in a field of `parent`.
Error inside(const char* parent, Error error) {
    const auto* field = error.details.if_contains("field");
    const std::string name = field != nullptr && field->is_string()
                                 ? std::string(parent) + "." + std::string(field->get_string())
                                 : std::string(parent);
    return std::move(error).with("field", std::string_view(name));
}

Result<data::TextPart> decode_text(const json::value& value) {
    data::TextPart part;
    if (value.is_string()) {  // the short form
        part.query = value.get_string();
        return part;
    }
    const auto body = as_object(value, "text");
    if (!body) return body.error();
    auto query = required<std::string>(**body, "query");
    if (!query) return inside("text", std::move(query).error());
    part.query = std::move(*query);
    std::optional<std::string> mode;
    auto read = read_optional(**body, "mode", mode);
    if (read) read = read_optional(**body, "weight", part.weight);
    if (!read) return inside("text", std::move(read).error());
    if (!mode) return part;
    auto parsed = parse_text(std::type_identity<data::TextMode>(), *mode);
    if (!parsed) return inside("text", std::move(parsed).error());
    part.mode = *parsed;
    return part;
}

Result<data::VectorPart> decode_vector(const json::value& value) {
    const auto body = as_object(value, "vector");
    if (!body) return body.error();
    data::VectorPart part;
    auto column = required<std::string>(**body, "column");
    if (!column) return inside("vector", std::move(column).error());
    part.column = std::move(*column);
    const auto* query = (*body)->if_contains("query");
    if (query == nullptr) return unprocessable("'vector.query' is missing", "vector.query");
    auto read = append_vector(*query, "vector.query", part.query);
    if (!read) return std::move(read).error();
    if ((*body)->contains("metric")) {
        vector::Metric metric = vector::Metric::Cosine;
        read = read_metric(**body, metric);
        part.metric = metric;
    }
    if (read) read = read_count(**body, "ef_search", part.ef_search);
    if (read) read = read_optional(**body, "weight", part.weight);
    if (!read) return inside("vector", std::move(read).error());
    return part;
}

Result<data::SearchCall> decode_call(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    data::SearchCall call;
    auto table = required<std::string>(**body, "table");
    if (!table) return std::move(table).error();
    call.table = std::move(*table);
    if (const auto* text = (*body)->if_contains("text"); text != nullptr && !text->is_null()) {
        auto part = decode_text(*text);
        if (!part) return std::move(part).error();
        call.text = std::move(*part);
    }
    if (const auto* near = (*body)->if_contains("vector"); near != nullptr && !near->is_null()) {
        auto part = decode_vector(*near);
        if (!part) return std::move(part).error();
        call.vector = std::move(*part);
    }
    auto read = read_count(**body, "top_k", call.top_k);
    if (read) read = read_optional(**body, "rank_constant", call.rank_constant);
    if (read) read = read_optional(**body, "include", call.include);
    if (read) read = read_filter(**body, call.filter, call.filter_params);
    if (!read) return std::move(read).error();
    return call;
}

Result<data::TextIndexDefinition> decode_definition(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    data::TextIndexDefinition definition;
    auto table = required<std::string>(**body, "table");
    if (!table) return std::move(table).error();
    auto columns = required<std::vector<std::string>>(**body, "columns");
    if (!columns) return std::move(columns).error();
    definition.table = std::move(*table);
    definition.columns = std::move(*columns);
    std::optional<std::string> tokenizer;
    auto read = read_optional(**body, "tokenizer", tokenizer);
    if (!read) return std::move(read).error();
    if (!tokenizer) return definition;
    auto parsed = parse_text(std::type_identity<data::TextTokenizer>(), *tokenizer);
    if (!parsed) return std::move(parsed).error();
    definition.tokenizer = *parsed;
    return definition;
}

json::object encode_text_index(const data::TextIndexInfo& info) {
    json::array columns;
    for (const auto& column : info.definition.columns)
        columns.push_back(json_text(column));
    json::object out;
    out.emplace("table", json_text(info.definition.table));
    out.emplace("columns", std::move(columns));
    out.emplace("tokenizer", json_text(to_text(info.definition.tokenizer)));
    out.emplace("rows", info.rows);
    out.emplace("state", info.ready ? "ready" : "incomplete");
    return out;
}

// {"rank":1,"<name>":0.5}, or null when the row is not in that list.
void append_place(std::string& out, const char* name, const std::optional<std::size_t>& rank,
                  const std::optional<double>& value) {
    if (!rank || !value) {
        out += "null";
        return;
    }
    out += "{\"rank\":";
    append_json_number(out, static_cast<std::int64_t>(*rank));
    out += ",\"";
    out += name;
    out += "\":";
    append_json_number(out, *value);
    out += '}';
}

std::string answer_of(const std::vector<data::SearchHit>& hits, const HitRows& rows) {
    std::string out = "{\"results\":[";
    bool first = true;
    for (const auto& hit : hits) {
        const HitRows::Row* row = rows.find(hit.row_id);
        if (row == nullptr) continue;  // deleted meanwhile
        if (!first) out += ',';
        first = false;
        out += "{\"row_id\":" + row->key + ",\"score\":";
        append_json_number(out, hit.score);
        out += ",\"text\":";
        append_place(out, "score", hit.text_rank, hit.text_score);
        out += ",\"vector\":";
        append_place(out, "distance", hit.vector_rank, hit.distance);
        if (!row->included.empty()) out += ",\"row\":" + row->included;
        out += '}';
    }
    return out + "]}";
}

}  // namespace

void SearchRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = right(Resource::Indexes, Right::Create);
    router.add(Method::Post, "/v1/indexes/text/build", options,
               idempotency_.wrap([this](Request& r) { return build(r); }));
    options.needs = right(Resource::Indexes, Right::Read);
    router.add(Method::Get, "/v1/indexes/text", options, [this](Request& r) { return list(r); });
    router.add(Method::Post, "/v1/search", options, [this](Request& r) { return search(r); });
    options.needs = right(Resource::Indexes, Right::Delete);
    router.add(Method::Delete, "/v1/indexes/text/{table}", options,
               [this](Request& r) { return drop(r); });
}

async::Task<Result<Response>> SearchRoutes::build(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto definition = decode_definition(*body);
    if (!definition) co_return std::move(definition).error();
    auto built = co_await search_.build_text(request.principal(), std::move(*definition));
    if (!built) co_return std::move(built).error();
    auto out = encode_text_index(built->info);
    out.emplace("ok", true);
    out.emplace("elapsed_ms", built->took.count());
    co_return json_response(out, built->replaced ? 200 : 201);
}

async::Task<Result<Response>> SearchRoutes::list(Request& request) {
    auto indexes = co_await search_.list_text(request.principal());
    if (!indexes) co_return std::move(indexes).error();
    json::array items;
    for (const auto& index : *indexes)
        items.push_back(encode_text_index(index));
    co_return json_response(items);
}

async::Task<Result<Response>> SearchRoutes::drop(Request& request) {
    std::string table(request.path_param("table"));
    auto dropped = co_await search_.drop_text(request.principal(), std::move(table));
    co_return answer_empty(dropped);
}

async::Task<Result<Response>> SearchRoutes::search(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto call = decode_call(*body);
    if (!call) co_return std::move(call).error();
    call->cancelled = request.stop_token();
    const auto rows = std::make_shared<HitRows>();
    auto hits = co_await search_.search(request.principal(), std::move(*call), rows);
    if (!hits) co_return std::move(hits).error();
    co_return json_text_response(answer_of(*hits, *rows));
}

}  // namespace zs::http
