#include "adapters/relational/postgres/postgres_session.hpp"

#include "adapters/relational/insert_rows.hpp"

namespace zs::relational::postgres {
namespace {

// What may pile up before it is sent; a pipeline is held in memory on both sides.
constexpr std::size_t kLaterMax = 256;

Value copy_of(const ValueView& view) {
    if (const auto* number = std::get_if<std::int64_t>(&view)) return *number;
    if (const auto* real = std::get_if<double>(&view)) return *real;
    if (const auto* text = std::get_if<std::string_view>(&view)) return std::string(*text);
    if (const auto* bytes = std::get_if<BytesView>(&view)) return Bytes{std::string(bytes->value)};
    return {};
}

}  // namespace

Outcome<Answer> PostgresSession::flush(const Command* last) {
    std::vector<Command> commands;
    if (!is_open_) commands.push_back({begin_, {}, false});
    for (const auto& one : later_)
        commands.push_back({one.sql, one.params});
    if (last != nullptr) commands.push_back(*last);
    if (commands.empty()) return Answer{};
    is_open_ = true;  // also when it fails: then there may be something to roll back
    auto answers = connection_.exchange(commands);
    later_.clear();
    if (!answers) {
        failure_ = std::move(answers).error();
        return *failure_;
    }
    return std::move(answers->back());
}

Result<Answer> PostgresSession::run(std::string_view sql, std::span<const Value> params) {
    if (failure_) return failure_->error;
    const Command command{sql, params};
    auto answer = flush(&command);
    if (!answer) return std::move(answer).error().error;
    return std::move(*answer);
}

Result<Rows> PostgresSession::query(std::string_view sql, std::span<const Value> params) {
    auto answer = run(sql, params);
    if (!answer) return std::move(answer).error();
    return std::move(answer->rows);
}

Result<std::int64_t> PostgresSession::execute(std::string_view sql, std::span<const Value> params) {
    auto answer = run(sql, params);
    if (!answer) return std::move(answer).error();
    return answer->affected;
}

Result<void> PostgresSession::execute_later(std::string_view sql, std::span<const Value> params) {
    return keep_for_later(sql, {params.begin(), params.end()});
}

Result<void> PostgresSession::insert_rows(std::string_view into, std::string_view tuple,
                                          std::span<const ValueView> params) {
    const auto insert = [this](std::string_view sql, std::span<const ValueView> views) {
        std::vector<Value> values;
        values.reserve(views.size());
        for (const auto& view : views)
            values.push_back(copy_of(view));
        return keep_for_later(sql, std::move(values));
    };
    return in_few_inserts(into, tuple, params, insert);
}

Result<void> PostgresSession::keep_for_later(std::string_view sql, std::vector<Value> params) {
    if (failure_) return failure_->error;
    later_.push_back({std::string(sql), std::move(params)});
    if (later_.size() < kLaterMax) return {};
    auto answer = flush(nullptr);
    if (!answer) return std::move(answer).error().error;
    return {};
}

Result<void> PostgresSession::script(std::string_view sql) {
    if (failure_) return failure_->error;
    if (auto ready = flush(nullptr); !ready) return std::move(ready).error().error;
    auto done = connection_.script(sql);
    if (!done) {
        failure_ = std::move(done).error();
        return failure_->error;
    }
    if (!connection_.in_transaction()) {
        failure_ = Failure{internal_error("a script must not begin or end a transaction")};
        return failure_->error;
    }
    return {};
}

Outcome<void> PostgresSession::commit() {
    if (!is_open_ && later_.empty()) return {};
    const Command command{"commit", {}, false};
    auto answer = flush(&command);
    if (answer) {
        is_open_ = false;
        return {};
    }
    auto failure = std::move(answer).error();
    if (failure.remedy == Remedy::Reconnect) {
        return Failure{
            deadline_exceeded("PostgreSQL went away during the commit: it may or may not "
                              "have happened")};
    }
    return failure;
}

PostgresSession::~PostgresSession() {
    if (is_open_) connection_.send_and_forget("rollback");
}

}  // namespace zs::relational::postgres
