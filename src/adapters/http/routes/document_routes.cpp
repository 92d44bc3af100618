#include "adapters/http/routes/document_routes.hpp"

#include "adapters/http/routes/result_cells.hpp"
#include "adapters/http/routes/route_support.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zs::http {

using identity::Resource;
using identity::Right;

namespace {

// {"_id":…,"_ts":…,"doc":…}; what is stored goes out as it is, once it is known to be JSON.
void append_document(std::string& out, std::string_view id, std::string_view timestamp,
                     std::string_view json) {
    out += "{\"_id\":";
    append_json_string(out, id);
    out += ",\"_ts\":";
    append_json_string(out, timestamp);
    out += ",\"doc\":";
    data::ResultColumn column;
    column.kind = data::ColumnKind::Json;
    data::SqlValueView value;
    value.kind = data::SqlValueView::Kind::Text;
    value.bytes = json;
    append_json_cell(out, column, value);
    out += '}';
}

// Lines of documents, a piece at a time: no snapshot is held for a slow reader. What is there all
// the while is given once.
class ExportBody final : public BodySource {
public:
    ExportBody(data::CollectionService& collections, data::DocumentScope scope,
               data::DocumentCursor after)
        : collections_(collections), scope_(std::move(scope)), after_(std::move(after)) {}

    async::Task<Result<bool>> next(std::string& piece) override {
        if (ended_) co_return false;
        auto read = co_await collections_.read_piece(scope_, after_);
        if (!read) co_return std::move(read).error();
        piece = std::move(read->text);
        after_.id.clear();
        after_.row = read->next.value_or(0);
        ended_ = !read->next;
        // The last piece goes out as any other; the end is told when it is asked for again.
        co_return true;
    }

private:
    data::CollectionService& collections_;
    data::DocumentScope scope_;
    data::DocumentCursor after_;
    bool ended_ = false;
};

}  // namespace

void DocumentRoutes::register_routes(Router& router) {
    const std::string all = "/v1/collections/{name}/documents";
    const std::string one = all + "/{id}";
    RouteOptions options;
    options.needs = right(Resource::Collections, Right::Read);
    router.add(Method::Get, all, options, [this](Request& request) { return list(request); });
    router.add(Method::Get, one, options, [this](Request& request) { return find(request); });
    router.add(Method::Get, "/v1/collections/{name}/export", options,
               [this](Request& request) { return export_all(request); });
    options.needs = right(Resource::Collections, Right::Update);
    router.add(Method::Put, one, options, [this](Request& request) { return put(request); });
    router.add(Method::Patch, one, options, [this](Request& request) { return merge(request); });
    options.needs = right(Resource::Collections, Right::Delete);
    router.add(Method::Delete, one, options, [this](Request& request) { return remove(request); });
}

async::Task<Result<Response>> DocumentRoutes::list(Request& request) {
    auto page = page_request(request);
    if (!page) co_return std::move(page).error();
    data::DocumentListRequest wanted;
    wanted.filter = request.query("filter").value_or("");
    wanted.sort = request.query("sort").value_or("");
    wanted.page = std::move(*page);
    std::string name(request.path_param("name"));
    auto found = co_await collections_.list_documents(request.principal(), std::move(name),
                                                      std::move(wanted));
    if (!found) co_return std::move(found).error();
    std::string body = "[";
    for (const auto& document : found->items) {
        if (body.size() > 1) body += ',';
        append_document(body, document.id, document.timestamp, document.json);
    }
    // The headers of a page, with a body that was never a tree.
    auto response = page_response(request, boost::json::array(), found->next_cursor);
    response.body = std::move(body) + "]";
    co_return response;
}

async::Task<Result<Response>> DocumentRoutes::find(Request& request) {
    std::string name(request.path_param("name"));
    std::string id(request.path_param("id"));
    auto found =
        co_await collections_.find_document(request.principal(), std::move(name), std::move(id));
    if (!found) co_return std::move(found).error();
    std::string body;
    append_document(body, found->id, found->timestamp, found->json);
    co_return json_text_response(std::move(body));
}

async::Task<Result<Response>> DocumentRoutes::put(Request& request) {
    const bool may_create =
        request.principal()->rights->allows(Resource::Collections, Right::Create);
    if (!may_create) co_return identity::missing_right(Resource::Collections, Right::Create);
    auto parsed = co_await read_json(request);
    if (!parsed) co_return std::move(parsed).error();
    if (!parsed->is_object()) co_return unprocessable("the body must be an object", "");
    std::string name(request.path_param("name"));
    std::string id(request.path_param("id"));
    std::string text = write_json(*parsed);
    auto created = co_await collections_.put_document(request.principal(), std::move(name), id,
                                                      std::move(text));
    if (!created) co_return std::move(created).error();
    boost::json::object body;
    body.emplace("ok", true);
    body.emplace("_id", id);
    body.emplace("created", *created);
    co_return json_response(body, *created ? 201 : 200);
}

async::Task<Result<Response>> DocumentRoutes::merge(Request& request) {
    auto parsed = co_await read_json(request);
    if (!parsed) co_return std::move(parsed).error();
    if (!parsed->is_object()) co_return unprocessable("the patch must be an object", "");
    std::string name(request.path_param("name"));
    std::string id(request.path_param("id"));
    auto merged = co_await collections_.merge_document(
        request.principal(), std::move(name), std::move(id), std::move(parsed->get_object()));
    if (!merged) co_return std::move(merged).error();
    std::string body;
    append_document(body, merged->id, merged->timestamp, merged->json);
    co_return json_text_response(std::move(body));
}

async::Task<Result<Response>> DocumentRoutes::remove(Request& request) {
    std::string name(request.path_param("name"));
    std::string id(request.path_param("id"));
    auto removed =
        co_await collections_.remove_document(request.principal(), std::move(name), std::move(id));
    co_return answer_empty(removed);
}

async::Task<Result<Response>> DocumentRoutes::export_all(Request& request) {
    const std::string accept(request.header("accept").value_or(std::string_view()));
    const std::string format =
        request.query("format").value_or(result_form(accept) == ResultForm::Csv ? "csv" : "ndjson");
    if (format == "csv") co_return co_await export_csv(request);
    if (format != "ndjson") co_return invalid_field("format", "'format' must be ndjson or csv");
    std::string name(request.path_param("name"));
    data::DocumentCursor after;
    after.id = request.query("after").value_or("");
    auto scope = co_await collections_.begin_export(request.principal(), client_of(request),
                                                    std::move(name), after.id);
    if (!scope) co_return std::move(scope).error();
    Response response;
    response.content_type = "application/x-ndjson";
    response.source =
        std::make_unique<ExportBody>(collections_, std::move(*scope), std::move(after));
    co_return response;
}

// All columns as a table, on one snapshot.
async::Task<Result<Response>> DocumentRoutes::export_csv(Request& request) {
    std::string name(request.path_param("name"));
    std::string after = request.query("after").value_or("");
    auto scope = co_await collections_.begin_export(request.principal(), client_of(request),
                                                    std::move(name), after);
    if (!scope) co_return std::move(scope).error();
    auto principal = std::make_shared<identity::Principal>(*request.principal());
    principal->rights = scope->rights;
    data::SqlCall call;
    const std::string table = '"' + scope->collection->name + '"';
    call.sql = "SELECT * FROM " + table;
    if (!after.empty()) {
        call.sql += " WHERE rowid > (SELECT rowid FROM " + table + " WHERE \"_id\" = ?1)";
        call.positional.emplace_back(std::move(after));
    }
    call.sql += " ORDER BY rowid";
    call.all_rows = true;
    call.timeout = sql_.limits().timeout_max;
    call.cancelled = request.stop_token();
    SqlAnswers::Options options;
    options.timeout = sql_.limits().timeout_max;
    SqlAnswers::Run run = [this, call = std::move(call), principal = std::move(principal)](
                              std::shared_ptr<data::RowSink> sink) mutable {
        return sql_.execute(std::move(call), std::move(principal), std::move(sink));
    };
    std::string request_id(request.request_id());
    co_return co_await answers_.stream(ResultForm::Csv, std::move(request_id), request.stop_token(),
                                       options, std::move(run));
}

}  // namespace zs::http
