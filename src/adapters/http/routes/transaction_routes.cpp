#include "adapters/http/routes/transaction_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

using data::TransactionId;
using data::TransactionInfo;

namespace {

struct BeginBody {
    std::optional<data::IsolationLevel> isolation_level;
    std::optional<std::int64_t> timeout_seconds;
    std::optional<bool> read_only;
    std::optional<bool> write;
};
BOOST_DESCRIBE_STRUCT(BeginBody, (), (isolation_level, timeout_seconds, read_only, write))

boost::json::object encode_status(const TransactionInfo& info) {
    boost::json::object out;
    out.emplace("transaction_id", info.id.to_string());
    out.emplace("status", json_text(to_text(info.status)));
    out.emplace("isolation_level", json_text(to_text(info.isolation_level)));
    out.emplace("read_only", info.read_only);
    out.emplace("created_at", to_rfc3339(info.created_at));
    out.emplace("expires_at", to_rfc3339(info.expires_at));
    out.emplace("last_activity", to_rfc3339(info.last_activity));
    out.emplace("operations_count", info.operations_count);
    return out;
}

std::string ended_at(const TransactionInfo& info) {
    return to_rfc3339(info.ended_at.value_or(info.last_activity));
}

}  // namespace

void TransactionRoutes::register_routes(Router& router) {
    const std::string base = "/v1/transactions";
    RouteOptions options;
    options.needs = token();
    router.add(Method::Post, base + "/begin", options,
               idempotency_.wrap([this](Request& request) { return begin(request); }));
    router.add(Method::Post, base + "/{id}/execute", options,
               idempotency_.wrap([this](Request& request) { return execute(request); }));
    router.add(Method::Post, base + "/{id}/commit", options,
               idempotency_.wrap([this](Request& request) { return commit(request); }));
    router.add(Method::Post, base + "/{id}/rollback", options,
               idempotency_.wrap([this](Request& request) { return rollback(request); }));
    router.add_plain(Method::Get, base + "/{id}/status", options,
                     [this](Request& request) { return status(request); });
    router.add_plain(Method::Get, base, options,
                     [this](Request& request) { return list(request); });
}

async::Task<Result<Response>> TransactionRoutes::begin(Request& request) {
    auto body = co_await read_body_or_empty<BeginBody>(request);
    if (!body) co_return std::move(body).error();
    data::BeginTransaction wanted;
    wanted.isolation_level = body->isolation_level;
    wanted.timeout_seconds = body->timeout_seconds;
    wanted.read_only = body->read_only.value_or(false);
    wanted.write = body->write.value_or(false);
    auto begun = co_await transactions_.begin(request.principal(), wanted);
    if (!begun) co_return std::move(begun).error();
    boost::json::object reply;
    reply.emplace("transaction_id", begun->id.to_string());
    reply.emplace("isolation_level", json_text(to_text(begun->isolation_level)));
    reply.emplace("read_only", begun->read_only);
    reply.emplace("expires_at", to_rfc3339(begun->expires_at));
    co_return json_response(reply, 201);
}

async::Task<Result<Response>> TransactionRoutes::execute(Request& request) {
    const auto id = path_id<TransactionId>(request);
    if (!id) co_return id.error();
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto wanted = decode_sql_body(*body);
    if (!wanted) co_return std::move(wanted).error();
    const auto form = result_form(request.header("accept").value_or(std::string_view{}));
    SqlAnswers::Options options;
    options.rows = wanted->rows;
    options.timeout = wanted->call.timeout.value_or(limits_.timeout_default);
    wanted->call.all_rows = form != ResultForm::Json;
    wanted->call.cancelled = request.stop_token();
    SqlAnswers::Run run = [this, id = *id, call = std::move(wanted->call),
                           principal =
                               request.principal()](std::shared_ptr<data::RowSink> sink) mutable {
        return transactions_.execute(std::move(principal), id, std::move(call), std::move(sink));
    };
    if (form == ResultForm::Json) co_return co_await answers_.json(options, std::move(run));
    std::string request_id(request.request_id());
    co_return co_await answers_.stream(form, std::move(request_id), request.stop_token(), options,
                                       std::move(run));
}

async::Task<Result<Response>> TransactionRoutes::commit(Request& request) {
    const auto id = path_id<TransactionId>(request);
    if (!id) co_return id.error();
    auto done = co_await transactions_.commit(request.principal(), *id);
    if (!done) co_return std::move(done).error();
    boost::json::object reply;
    reply.emplace("transaction_id", done->id.to_string());
    reply.emplace("committed_at", ended_at(*done));
    reply.emplace("operations_count", done->operations_count);
    co_return json_response(reply);
}

async::Task<Result<Response>> TransactionRoutes::rollback(Request& request) {
    const auto id = path_id<TransactionId>(request);
    if (!id) co_return id.error();
    auto done = co_await transactions_.rollback(request.principal(), *id);
    if (!done) co_return std::move(done).error();
    boost::json::object reply;
    reply.emplace("transaction_id", done->id.to_string());
    reply.emplace("rolled_back_at", ended_at(*done));
    co_return json_response(reply);
}

Result<Response> TransactionRoutes::status(const Request& request) {
    const auto id = path_id<TransactionId>(request);
    if (!id) return id.error();
    const auto found = transactions_.status(*request.principal(), *id);
    if (!found) return found.error();
    return json_response(encode_status(*found));
}

Result<Response> TransactionRoutes::list(const Request& request) {
    const auto status = query_filter<data::TransactionStatus>(request, "status");
    if (!status) return status.error();
    const auto wanted = page_request(request);
    if (!wanted) return wanted.error();
    const std::string filters = "transactions:" + request.query("status").value_or("");
    const auto id_of = [](const TransactionInfo& info) { return info.id.to_string(); };
    auto page = page_of(transactions_.list(*request.principal(), *status), *wanted, filters, id_of,
                        SortOrder::Descending);
    if (!page) return std::move(page).error();
    boost::json::array items;
    for (const auto& info : page->items)
        items.push_back(encode_status(info));
    return page_response(request, std::move(items), page->next_cursor);
}

}  // namespace zs::http
