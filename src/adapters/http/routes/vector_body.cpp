#include "adapters/http/routes/vector_body.hpp"

#include "adapters/http/routes/body_fields.hpp"
#include "adapters/http/routes/sql_body.hpp"
#include "base/json_codec.hpp"
#include "core/data/limits.hpp"

namespace zs::http {
namespace json = boost::json;

namespace {

using data::limits::kVectorsGivenMax;

struct Queries {
    std::vector<std::vector<float>> all;
    QueryForm form = QueryForm::One;
};

Result<Queries> decode_queries(const json::object& body) {
    Queries out;
    const auto* one = body.if_contains("query");
    const auto* many = body.if_contains("queries");
    if (one != nullptr && many != nullptr) {
        return invalid_field("queries", "give either 'query' or 'queries'");
    }
    if (one == nullptr && many == nullptr) return unprocessable("'query' is missing", "query");
    if (one != nullptr) {
        auto read = append_vector(*one, "query", out.all.emplace_back());
        if (!read) return std::move(read).error();
        return out;
    }
    out.form = QueryForm::Many;
    const auto* list = many->if_array();
    if (list == nullptr) return json_codec::wrong_type("queries", "an array of vectors");
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto read =
            append_vector((*list)[i], "queries[" + std::to_string(i) + "]", out.all.emplace_back());
        if (!read) return std::move(read).error();
    }
    return out;
}

Result<void> read_options(const json::object& body, data::VectorCall& call) {
    auto read = read_metric(body, call.metric);
    if (read) read = read_count(body, "top_k", call.top_k);
    if (read) read = read_count(body, "ef_search", call.ef_search);
    if (read) read = read_optional(body, "include", call.include);
    if (read) read = read_filter(body, call.filter, call.filter_params);
    return read;
}

}  // namespace

Result<SearchBody> decode_search_body(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    SearchBody out;
    auto table = required<std::string>(**body, "table");
    if (!table) return std::move(table).error();
    auto column = required<std::string>(**body, "column");
    if (!column) return std::move(column).error();
    auto queries = decode_queries(**body);
    if (!queries) return std::move(queries).error();
    out.call.table = std::move(*table);
    out.call.column = std::move(*column);
    out.call.queries = std::move(queries->all);
    out.form = queries->form;
    auto read = read_options(**body, out.call);
    if (!read) return std::move(read).error();
    return out;
}

Result<GivenBody> decode_given_body(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    for (const char* name : {"metric", "vectors", "top_k"}) {
        if ((*body)->contains(name)) continue;
        return unprocessable("'" + std::string(name) + "' is missing", name);
    }
    GivenBody out;
    auto read = read_metric(**body, out.given.metric);
    if (read) read = read_count(**body, "top_k", out.given.top_k);
    if (!read) return std::move(read).error();
    auto queries = decode_queries(**body);
    if (!queries) return std::move(queries).error();
    out.given.queries = std::move(queries->all);
    out.form = queries->form;
    if (!out.given.queries.empty()) out.given.dimensions = out.given.queries.front().size();
    const auto* vectors = (*body)->at("vectors").if_array();
    if (vectors == nullptr) return json_codec::wrong_type("vectors", "an array of vectors");
    if (vectors->size() > kVectorsGivenMax) {
        return invalid_field(
            "vectors", "at most " + std::to_string(kVectorsGivenMax) + " vectors are accepted");
    }
    out.given.values.reserve(vectors->size() * out.given.dimensions);
    for (std::size_t i = 0; i < vectors->size(); ++i) {
        const std::string path = "vectors[" + std::to_string(i) + "]";
        auto appended = append_vector((*vectors)[i], path, out.given.values);
        if (!appended) return std::move(appended).error();
        if (out.given.values.size() == (i + 1) * out.given.dimensions) continue;
        return invalid_field(path,
                             "'" + path + "' must have " + std::to_string(out.given.dimensions)
                                 + " dimensions, as the query has",
                             "dimension_mismatch");
    }
    return out;
}

Result<BuildBody> decode_build_body(const json::value& value) {
    const auto body = as_object(value);
    if (!body) return body.error();
    BuildBody out;
    auto table = required<std::string>(**body, "table");
    if (!table) return std::move(table).error();
    auto column = required<std::string>(**body, "column");
    if (!column) return std::move(column).error();
    out.definition.table = std::move(*table);
    out.definition.column = std::move(*column);
    data::HnswParameters& parameters = out.definition.parameters;
    auto read = read_metric(**body, parameters.metric);
    if (read) read = read_optional(**body, "m", parameters.m);
    if (read) read = read_optional(**body, "ef_construction", parameters.ef_construction);
    if (read) read = read_optional(**body, "name", out.definition.name);
    std::optional<std::string> storage;
    if (read) read = read_optional(**body, "storage", storage);
    bool waits = true;
    if (read) read = read_optional(**body, "wait", waits);
    if (!read) return std::move(read).error();
    if (storage) {
        auto scalar = vector::parse_scalar(*storage);
        if (!scalar) {
            Error error = std::move(scalar).error();
            return std::move(error).with("field", std::string_view("storage"));
        }
        parameters.storage = *scalar;
    }
    out.wait = waits ? data::BuildWait::UntilReady : data::BuildWait::UntilDurable;
    return out;
}

}  // namespace zs::http
