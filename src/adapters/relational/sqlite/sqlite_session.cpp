#include "adapters/relational/sqlite/sqlite_session.hpp"

#include "adapters/relational/insert_rows.hpp"

namespace zs::relational {
namespace {

constexpr std::size_t kSqlShownMax = 200;
constexpr std::size_t kStatementsKept = 8;

Result<void> bind_text(sqlite::Statement& statement, int index, std::string_view text) {
    // PostgreSQL cannot hold it, and half of SQLite's functions stop there.
    if (text.find('\0') != std::string_view::npos) {
        return invalid_argument("text must not hold the character U+0000", "invalid_value");
    }
    return statement.bind_borrowed(index, text);
}

// A Value or a ValueView.
template <class AnyValue>
Result<void> bind_value(sqlite::Statement& statement, int index, const AnyValue& value) {
    return std::visit(
        [&](const auto& one) -> Result<void> {
            using T = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<T, std::monostate>) {
                return statement.bind(index, nullptr);
            } else if constexpr (std::is_arithmetic_v<T>) {
                return statement.bind(index, one);
            } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, BytesView>) {
                return statement.bind_borrowed(index, sqlite::BlobView{one.value});
            } else {
                return bind_text(statement, index, one);
            }
        },
        value);
}

Row read_row(const sqlite::Statement& statement) {
    std::vector<Value> values;
    const int count = statement.column_count();
    values.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        switch (statement.column_type(i)) {
            case sqlite::ColumnType::Null: values.emplace_back(); break;
            case sqlite::ColumnType::Integer: values.emplace_back(statement.integer(i)); break;
            case sqlite::ColumnType::Real: values.emplace_back(statement.real(i)); break;
            case sqlite::ColumnType::Text:
                values.emplace_back(std::string(statement.text(i)));
                break;
            case sqlite::ColumnType::Blob:
                values.emplace_back(Bytes{std::string(statement.blob(i))});
                break;
        }
    }
    return Row(std::move(values));
}

// Says a violated constraint in the words that both dialects can: see Session.
Error as_uniform(Error error) {
    if (error.reason != "constraint_violation") return error;
    auto& details = error.details;
    const auto* kind = details.if_contains("kind");
    if (kind != nullptr && *kind == "datatype") {
        return invalid_argument(std::move(error.message), "invalid_value");
    }
    if (kind != nullptr && *kind == "primary_key") details["kind"] = "unique";
    const auto* table = details.if_contains("table");
    const auto* columns = details.if_contains("columns");
    if (table == nullptr || columns == nullptr) return error;
    std::string constraint;
    for (const auto& column : columns->as_array()) {
        if (!constraint.empty()) constraint += ", ";
        constraint += table->as_string();
        constraint += '.';
        constraint += column.as_string();
    }
    details["constraint"] = constraint;
    return error;
}

// The SQL here is ours: what would be a client's mistake in the data plane is a defect.
Error as_defect(Error error, std::string_view sql) {
    const bool bad_sql = error.reason.starts_with("sql_") || error.reason.starts_with("no_such_")
                         || error.reason == "multiple_statements"
                         || error.code == ErrorCode::Forbidden;
    if (!bad_sql) return error;
    return internal_error("SQLite: " + error.message
                          + " in: " + std::string(sql.substr(0, kSqlShownMax)));
}

}  // namespace

Error SqliteSession::fail(Error error, std::string_view sql) {
    failure_ = as_defect(as_uniform(std::move(error)), sql);
    return *failure_;
}

Result<sqlite::Statement*> SqliteSession::prepared(std::string_view sql) {
    for (auto& kept : kept_) {
        if (kept.sql == sql) return &kept.statement;
    }
    auto statement = connection_.prepare_cached(sql);
    if (!statement) return fail(std::move(statement).error(), sql);
    if (kept_.size() < kStatementsKept) {
        kept_.push_back({std::string(sql), std::move(*statement)});
        return &kept_.back().statement;
    }
    auto& oldest = kept_[next_kept_++ % kStatementsKept];
    oldest = {std::string(sql), std::move(*statement)};
    return &oldest.statement;
}

template <class AnyValue>
Result<sqlite::Statement*> SqliteSession::bound(std::string_view sql,
                                                std::span<const AnyValue> params) {
    if (failure_) return *failure_;
    auto statement = prepared(sql);
    if (!statement) return std::move(statement).error();
    if (static_cast<std::size_t>((*statement)->parameter_count()) != params.size()) {
        return fail(internal_error("SQLite: the statement takes "
                                   + std::to_string((*statement)->parameter_count())
                                   + " parameters and got " + std::to_string(params.size()) + ": "
                                   + std::string(sql.substr(0, kSqlShownMax))),
                    sql);
    }
    int index = 0;
    for (const auto& param : params) {
        auto done = bind_value(**statement, ++index, param);
        if (!done) return fail(std::move(done).error(), sql);
    }
    return *statement;
}

Result<Rows> SqliteSession::query(std::string_view sql, std::span<const Value> params) {
    auto statement = bound(sql, params);
    if (!statement) return std::move(statement).error();
    Rows rows;
    while (true) {
        auto more = (*statement)->step();
        if (!more) return fail(std::move(more).error(), sql);
        if (!*more) break;
        rows.push_back(read_row(**statement));
    }
    (*statement)->reset();
    return rows;
}

Result<std::int64_t> SqliteSession::execute(std::string_view sql, std::span<const Value> params) {
    auto statement = bound(sql, params);
    if (!statement) return std::move(statement).error();
    // changes() keeps the count of the last statement that could change rows.
    const bool counts = !(*statement)->read_only();
    auto done = (*statement)->run();
    if (!done) return fail(std::move(done).error(), sql);
    (*statement)->reset();
    return counts ? connection_.changes() : 0;
}

Result<void> SqliteSession::insert_rows(std::string_view into, std::string_view tuple,
                                        std::span<const ValueView> params) {
    const auto insert = [this](std::string_view sql, std::span<const ValueView> views) {
        auto statement = bound(sql, views);
        if (!statement) return Result<void>(std::move(statement).error());
        auto done = (*statement)->run();
        if (!done) return Result<void>(fail(std::move(done).error(), sql));
        (*statement)->reset();
        return Result<void>();
    };
    return in_few_inserts(into, tuple, params, insert);
}

Result<void> SqliteSession::script(std::string_view sql) {
    if (failure_) return *failure_;
    auto done = connection_.execute(sql);
    if (!done) return fail(std::move(done).error(), sql);
    return {};
}

Result<void> SqliteSession::verdict(Result<void> done) const {
    if (done && failure_) return *failure_;
    return done;
}

}  // namespace zs::relational
