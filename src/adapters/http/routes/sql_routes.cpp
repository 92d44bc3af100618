#include "adapters/http/routes/sql_routes.hpp"

#include "adapters/http/routes/route_support.hpp"

namespace zs::http {

void SqlRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();
    router.add(Method::Post, "/v1/sql", options,
               idempotency_.wrap([this](Request& request) { return execute(request); }));
}

async::Task<Result<Response>> SqlRoutes::execute(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto wanted = decode_sql_body(*body);
    if (!wanted) co_return std::move(wanted).error();
    const auto form = result_form(request.header("accept").value_or(std::string_view{}));
    SqlAnswers::Options options;
    options.rows = wanted->rows;
    options.timeout = wanted->call.timeout.value_or(sql_.limits().timeout_default);
    wanted->call.all_rows = form != ResultForm::Json;
    wanted->call.cancelled = request.stop_token();
    SqlAnswers::Run run = [this, call = std::move(wanted->call), principal = request.principal()](
                              std::shared_ptr<data::RowSink> sink) mutable {
        return sql_.execute(std::move(call), std::move(principal), std::move(sink));
    };
    if (form == ResultForm::Json) co_return co_await answers_.json(options, std::move(run));
    std::string request_id(request.request_id());
    co_return co_await answers_.stream(form, std::move(request_id), request.stop_token(), options,
                                       std::move(run));
}

}  // namespace zs::http
