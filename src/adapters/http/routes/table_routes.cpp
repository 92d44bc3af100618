#include "adapters/http/routes/table_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

// A reader of one table alone may look, too; the service shows it that table only.
Result<void> check_reader(const identity::Principal& principal) {
    const auto& rights = *principal.rights;
    if (rights.allows(Resource::Tables, Right::Read)) return {};
    for (const auto& [table, allowed] : rights.tables()) {
        if (allowed.has(Right::Read)) return {};
    }
    return identity::missing_right(Resource::Tables, Right::Read);
}

boost::json::object encode_table(const data::TableInfo& table) {
    boost::json::array columns;
    for (const auto& column : table.columns) {
        boost::json::object shown;
        shown.emplace("name", column.name);
        shown.emplace("type", column.type);
        shown.emplace("ty", column.type);
        shown.emplace("nullable", column.nullable);
        shown.emplace("primary_key", column.primary_key);
        columns.push_back(std::move(shown));
    }
    boost::json::object out;
    out.emplace("name", table.name);
    out.emplace("kind", to_text(table.kind));
    out.emplace("row_count", table.row_count);
    out.emplace("columns", std::move(columns));
    return out;
}

boost::json::array encode_indexes(const data::TableInfo& table) {
    boost::json::array out;
    for (const auto& index : table.indexes) {
        boost::json::object shown;
        shown.emplace("name", index.name);
        shown.emplace("unique", index.unique);
        shown.emplace("columns", encode_list(index.columns));
        out.push_back(std::move(shown));
    }
    return out;
}

Result<void> check_kind(const std::string& kind) {
    if (kind == "table" || kind == "view" || kind == "collection") return {};
    return invalid_field("kind", "'kind' must be table, view or collection");
}

}  // namespace

void TableRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();  // and tables:read, see check_reader
    router.add(Method::Get, "/v1/tables", options,
               [this](Request& request) { return list(request); });
    router.add(Method::Get, "/v1/tables/{table}", options,
               [this](Request& request) { return find(request); });
    router.add(Method::Get, "/v1/tables/{table}/sample", options,
               [this](Request& request) { return sample(request); });
}

async::Task<Result<Response>> TableRoutes::list(Request& request) {
    const auto allowed = check_reader(*request.principal());
    if (!allowed) co_return allowed.error();
    const auto kind = request.query("kind");
    if (kind) {
        const auto known = check_kind(*kind);
        if (!known) co_return known.error();
    }
    auto wanted = page_request(request);
    if (!wanted) co_return std::move(wanted).error();
    auto tables = co_await sql_.tables(request.principal());
    if (!tables) co_return std::move(tables).error();
    if (kind)
        std::erase_if(*tables, [&](const auto& table) { return to_text(table.kind) != *kind; });
    const auto name_of = [](const data::TableInfo& table) { return table.name; };
    auto page = page_of(std::move(*tables), *wanted, "tables:" + kind.value_or(""), name_of,
                        SortOrder::Ascending);
    if (!page) co_return std::move(page).error();
    boost::json::array items;
    for (const auto& table : page->items)
        items.push_back(encode_table(table));
    co_return page_response(request, std::move(items), page->next_cursor);
}

async::Task<Result<Response>> TableRoutes::find(Request& request) {
    const auto allowed = check_reader(*request.principal());
    if (!allowed) co_return allowed.error();
    std::string name(request.path_param("table"));
    auto table = co_await sql_.table(request.principal(), std::move(name));
    if (!table) co_return std::move(table).error();
    auto body = encode_table(*table);
    body.emplace("indexes", encode_indexes(*table));
    co_return json_response(body);
}

async::Task<Result<Response>> TableRoutes::sample(Request& request) {
    const auto allowed = check_reader(*request.principal());
    if (!allowed) co_return allowed.error();
    const auto limit = query_integer(request, "limit", 20, 1, 100);
    if (!limit) co_return limit.error();
    std::string name(request.path_param("table"));
    SqlAnswers::Run run = [this, name = std::move(name), limit = static_cast<std::uint64_t>(*limit),
                           principal =
                               request.principal()](std::shared_ptr<data::RowSink> sink) mutable {
        return sql_.sample(std::move(principal), std::move(name), limit, std::move(sink));
    };
    co_return co_await answers_.json(SqlAnswers::Options(), std::move(run));
}

}  // namespace zs::http
