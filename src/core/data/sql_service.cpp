#include "core/data/sql_service.hpp"

#include "base/metrics.hpp"
#include "core/data/identifier.hpp"
#include "core/data/statement_kind.hpp"

#include <array>

namespace zs::data {
namespace {

// Looked up once: asking the registry takes a lock, counting does not.
struct KindMetrics {
    std::string_view kind;
    metrics::Counter* ok;
    metrics::Counter* failed;
    metrics::Histogram* seconds;
};

KindMetrics metrics_of(std::string_view kind) {
    const std::string name(kind);
    constexpr std::string_view help = "SQL statements by kind and result.";
    KindMetrics made{};
    made.kind = kind;
    made.ok = &metrics::counter("sql_statements_total", help, {{"kind", name}, {"result", "ok"}});
    made.failed =
        &metrics::counter("sql_statements_total", help, {{"kind", name}, {"result", "error"}});
    made.seconds = &metrics::histogram("sql_duration_seconds", "Run time of SQL statements.",
                                       metrics::duration_bounds(), {{"kind", name}});
    return made;
}

const KindMetrics& find_metrics(std::string_view kind) {
    static const std::array<KindMetrics, 7> all = {
        metrics_of("select"), metrics_of("insert"),  metrics_of("update"), metrics_of("delete"),
        metrics_of("ddl"),    metrics_of("explain"), metrics_of("other")};
    for (const auto& entry : all) {
        if (entry.kind == kind) return entry;
    }
    return all.back();
}

}  // namespace

void count_statement(std::string_view kind, const Result<SqlSummary>& outcome,
                     std::chrono::steady_clock::duration took) {
    const KindMetrics& entry = find_metrics(kind);
    (outcome ? entry.ok : entry.failed)->add();
    entry.seconds->observe(std::chrono::duration<double>(took).count());
}

SqlService::SqlService(SqlEngine& engine, SqlLimits limits) : engine_(engine), limits_(limits) {}

Result<SqlRequest> SqlService::prepare(SqlCall call, const identity::Principal& principal) const {
    if (call.sql.size() > limits_.text_bytes_max) {
        return too_large("the SQL text has " + std::to_string(call.sql.size()) + " bytes; at most "
                             + std::to_string(limits_.text_bytes_max) + " are accepted",
                         "sql_too_long");
    }
    if (is_blank_sql(call.sql)) return invalid_field("sql", "Empty SQL statement");
    if (call.positional.size() + call.named.size() > limits_.params_max) {
        return invalid_field(
            "params", "at most " + std::to_string(limits_.params_max) + " parameters are accepted");
    }
    const auto timeout = call.timeout.value_or(limits_.timeout_default);
    if (timeout.count() < 1 || timeout > limits_.timeout_max) {
        return invalid_field("timeout_ms", "'timeout_ms' must be between 1 and "
                                               + std::to_string(limits_.timeout_max.count()));
    }
    if (call.rows_max && *call.rows_max > limits_.rows_max) {
        return invalid_field(
            "max_rows", "'max_rows' must be between 0 and " + std::to_string(limits_.rows_max));
    }
    SqlRequest request;
    request.sql = std::move(call.sql);
    request.positional = std::move(call.positional);
    request.named = std::move(call.named);
    if (!call.all_rows) request.rows_max = call.rows_max.value_or(limits_.rows_default);
    request.deadline = async::Deadline::after(timeout);
    request.cancelled = std::move(call.cancelled);
    request.ef_search = call.ef_search.value_or(ef_search_of(principal));
    request.tenant = principal.tenant;
    request.rights = principal.rights;
    return request;
}

std::size_t SqlService::ef_search_of(const identity::Principal& principal) const {
    return sessions_.ef_search(principal).value_or(limits::kVectorEfDefault);
}

std::string show_statement(std::size_t ef_search) {
    return "SELECT " + std::to_string(ef_search) + R"( AS "hnsw.ef_search")";
}

SqlSummary setting_summary() {
    SqlSummary summary;
    summary.affected_rows = 0;
    return summary;
}

async::Task<Result<SqlSummary>> SqlService::execute(SqlCall call, identity::PrincipalPtr principal,
                                                    std::shared_ptr<RowSink> sink) {
    const auto begun = std::chrono::steady_clock::now();
    const std::string_view kind = statement_kind(call.sql);
    const auto setting = read_vector_setting(call.sql);
    if (!setting) co_return setting.error();
    if (*setting && (*setting)->kind == VectorSetting::Kind::Show) {
        call.sql = show_statement(call.ef_search.value_or(ef_search_of(*principal)));
    } else if (*setting) {
        const bool sets = (*setting)->kind == VectorSetting::Kind::Set;
        sessions_.set_ef_search(*principal,
                                sets ? std::optional((*setting)->ef_search) : std::nullopt);
        co_return setting_summary();
    }
    auto request = prepare(std::move(call), *principal);
    if (!request) co_return std::move(request).error();
    auto outcome = co_await engine_.execute(std::move(*request), std::move(sink));
    count_statement(kind, outcome, std::chrono::steady_clock::now() - begun);
    co_return outcome;
}

async::Task<Result<std::vector<TableInfo>>> SqlService::tables(identity::PrincipalPtr principal) {
    co_return co_await engine_.tables(principal->tenant, principal->rights);
}

async::Task<Result<TableInfo>> SqlService::table(identity::PrincipalPtr principal,
                                                 std::string name) {
    co_return co_await engine_.table(principal->tenant, std::move(name), principal->rights);
}

async::Task<Result<SqlSummary>> SqlService::sample(identity::PrincipalPtr principal,
                                                   std::string name, std::uint64_t limit,
                                                   std::shared_ptr<RowSink> sink) {
    auto info = co_await engine_.table(principal->tenant, std::move(name), principal->rights);
    if (!info) co_return std::move(info).error();
    SqlCall call;
    call.sql = "SELECT * FROM " + quote_name(info->name) + " LIMIT " + std::to_string(limit);
    call.rows_max = limit;
    co_return co_await execute(std::move(call), std::move(principal), std::move(sink));
}

}  // namespace zs::data
