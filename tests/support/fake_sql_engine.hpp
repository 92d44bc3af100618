#pragma once

#include "async/completion.hpp"
#include "core/data/sql_engine.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace zs::testing {

// An engine that does what the test says, on the caller's thread or, like a real one, on another.
// Remembers the last request.
class FakeSqlEngine final : public data::SqlEngine {
public:
    using Answer = std::function<Result<data::SqlSummary>(const data::SqlRequest&, data::RowSink*)>;
    enum class Runs { Here, OnAThread };

    explicit FakeSqlEngine(Answer answer = empty_answer(), Runs runs = Runs::Here)
        : answer_(std::move(answer)), runs_(runs) {}
    ~FakeSqlEngine() override {
        const std::lock_guard lock(threads_mutex_);
        for (auto& thread : threads_)
            thread.join();
    }

    static Answer empty_answer() {
        return [](const data::SqlRequest&, data::RowSink*) -> Result<data::SqlSummary> {
            return data::SqlSummary{};
        };
    }

    async::Task<Result<data::SqlSummary>> execute(data::SqlRequest request,
                                                  std::shared_ptr<data::RowSink> sink) override {
        last = request;
        if (runs_ == Runs::Here) co_return answer_(request, sink.get());
        using Outcome = Result<data::SqlSummary>;
        auto start = [this, request = std::move(request),
                      sink = std::move(sink)](async::Completion<Outcome> done) mutable {
            auto body = [answer = answer_, request = std::move(request), sink = std::move(sink),
                         done = std::move(done)]() mutable {
                auto outcome = answer(request, sink.get());
                sink.reset();
                done.complete(std::move(outcome));
            };
            const std::lock_guard lock(threads_mutex_);
            threads_.emplace_back(std::move(body));
        };
        co_return co_await async::wait_for<Outcome>(std::move(start));
    }

    async::Task<Result<std::unique_ptr<data::EngineTransaction>>> begin(
        data::TransactionOptions options) override {
        last_options = options;
        co_return std::unique_ptr<data::EngineTransaction>(std::make_unique<Transaction>(*this));
    }

    async::Task<Result<std::vector<data::TableInfo>>> tables(
        identity::Tenant, std::shared_ptr<const identity::Rights> rights) override {
        std::vector<data::TableInfo> shown;
        for (const auto& table : all_tables) {
            if (rights->allows_table(table.name, identity::Right::Read)) shown.push_back(table);
        }
        co_return shown;
    }

    async::Task<Result<data::TableInfo>> table(
        identity::Tenant, std::string name,
        std::shared_ptr<const identity::Rights> rights) override {
        for (const auto& table : all_tables) {
            if (table.name != name) continue;
            if (rights->allows_table(table.name, identity::Right::Read)) co_return table;
        }
        co_return not_found("no such table: " + name, "no_such_table");
    }

    data::SqlRequest last;
    data::TransactionOptions last_options;
    std::vector<data::TableInfo> all_tables;
    std::vector<std::string> transaction_log;  // commit, rollback

private:
    class Transaction final : public data::EngineTransaction {
    public:
        explicit Transaction(FakeSqlEngine& engine) : engine_(engine) {}
        async::Task<Result<data::SqlSummary>> execute(
            data::SqlRequest request, std::shared_ptr<data::RowSink> sink) override {
            return engine_.execute(std::move(request), std::move(sink));
        }
        async::Task<Result<void>> commit() override {
            engine_.transaction_log.emplace_back("commit");
            co_return Result<void>{};
        }
        async::Task<void> rollback() override {
            engine_.transaction_log.emplace_back("rollback");
            co_return;
        }
        bool holds_write_lock() const override { return false; }
        bool is_over() const override { return false; }

    private:
        FakeSqlEngine& engine_;
    };

    Answer answer_;
    Runs runs_;
    std::mutex threads_mutex_;
    std::vector<std::thread> threads_;
};

// Rows of text and numbers for answers.
inline data::SqlValueView text_value(std::string_view text) {
    data::SqlValueView value;
    value.kind = data::SqlValueView::Kind::Text;
    value.bytes = text;
    return value;
}
inline data::SqlValueView integer_value(std::int64_t number) {
    data::SqlValueView value;
    value.kind = data::SqlValueView::Kind::Integer;
    value.integer = number;
    return value;
}
inline data::SqlValueView real_value(double number) {
    data::SqlValueView value;
    value.kind = data::SqlValueView::Kind::Real;
    value.real = number;
    return value;
}
inline data::SqlValueView blob_value(std::string_view bytes) {
    data::SqlValueView value;
    value.kind = data::SqlValueView::Kind::Blob;
    value.bytes = bytes;
    return value;
}
inline data::ResultColumn column(std::string name, std::string type,
                                 data::ColumnKind kind = data::ColumnKind::Plain) {
    return {std::move(name), std::move(type), kind};
}

}  // namespace zs::testing
