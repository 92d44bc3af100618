#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

namespace zs::sqlite_data {

// Ends a coroutine whose answer a test does not look at.
constexpr auto kNoAnswer = [](const std::exception_ptr&) {};

using Rows = std::vector<std::vector<data::SqlValue>>;

// Keeps a result.
class CollectingSink final : public data::RowSink {
public:
    Result<void> columns(std::span<const data::ResultColumn> given) override {
        columns_seen.assign(given.begin(), given.end());
        return {};
    }
    Result<void> row(std::span<const data::SqlValueView> values) override {
        std::vector<data::SqlValue> row;
        for (const auto& value : values) {
            using Kind = data::SqlValueView::Kind;
            switch (value.kind) {
                case Kind::Null: row.emplace_back(); break;
                case Kind::Integer: row.emplace_back(value.integer); break;
                case Kind::Real: row.emplace_back(value.real); break;
                case Kind::Text: row.emplace_back(std::string(value.bytes)); break;
                case Kind::Blob: {
                    data::Blob blob;
                    blob.bytes = value.bytes;
                    row.emplace_back(std::move(blob));
                }
            }
        }
        rows.push_back(std::move(row));
        return {};
    }
    std::vector<data::ResultColumn> columns_seen;
    Rows rows;
};

struct Answer {
    Result<data::SqlSummary> summary = data::SqlSummary();
    std::vector<data::ResultColumn> columns;
    Rows rows;

    bool ok() const { return summary.has_value(); }
    std::string reason() const { return summary ? "" : std::string(summary.error().reason_text()); }
    std::string message() const { return summary ? "" : summary.error().message; }
    std::string text(std::size_t row = 0, std::size_t column = 0) const {
        const auto* found = std::get_if<std::string>(&rows.at(row).at(column));
        return found == nullptr ? "(no text)" : *found;
    }
    std::int64_t integer(std::size_t row = 0, std::size_t column = 0) const {
        const auto* found = std::get_if<std::int64_t>(&rows.at(row).at(column));
        return found == nullptr ? -1'000'000 : *found;
    }
};

// An engine over a scratch folder.
class EngineTest : public ::testing::Test {
protected:
    EngineTest() { restart(); }

    void restart() {
        engine_.reset();
        options_.folder = folder_.file("sql");
        engine_ = std::make_unique<SqliteSqlEngine>(options_, pool_);
    }

    static data::SqlRequest request(std::string sql, std::vector<data::SqlValue> params = {}) {
        data::SqlRequest made;
        made.sql = std::move(sql);
        made.positional = std::move(params);
        made.tenant.org_id = "default";
        made.tenant.env_slug = "live";
        made.rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        return made;
    }

    Answer run(data::SqlRequest wanted) {
        auto sink = std::make_shared<CollectingSink>();
        Answer answer;
        answer.summary = testing::run_task(engine_->execute(std::move(wanted), sink));
        answer.columns = sink->columns_seen;
        answer.rows = sink->rows;
        return answer;
    }
    Answer run(std::string sql, std::vector<data::SqlValue> params = {}) {
        return run(request(std::move(sql), std::move(params)));
    }
    Answer run_as(const identity::Rights& rights, std::string sql) {
        auto wanted = request(std::move(sql));
        wanted.rights = std::make_shared<identity::Rights>(rights);
        return run(std::move(wanted));
    }
    void must(std::string sql) {
        const auto answer = run(sql);
        ASSERT_TRUE(answer.ok()) << sql << ": " << answer.message();
    }

    Answer run_in(data::EngineTransaction& transaction, data::SqlRequest wanted) {
        auto sink = std::make_shared<CollectingSink>();
        Answer answer;
        answer.summary = testing::run_task(transaction.execute(std::move(wanted), sink));
        answer.columns = sink->columns_seen;
        answer.rows = sink->rows;
        return answer;
    }
    Answer run_in(data::EngineTransaction& transaction, std::string sql) {
        return run_in(transaction, request(std::move(sql)));
    }
    std::unique_ptr<data::EngineTransaction> begin_writing() {
        data::TransactionOptions wanted;
        wanted.write_now = true;
        return begin(std::move(wanted));
    }
    std::unique_ptr<data::EngineTransaction> begin(data::TransactionOptions wanted = {}) {
        wanted.tenant = request("").tenant;
        auto begun = testing::run_task(engine_->begin(std::move(wanted)));
        EXPECT_TRUE(begun.has_value());
        return begun ? std::move(*begun) : nullptr;
    }

    testing::TempDir folder_;
    async::BlockingPool pool_{"test", {.threads = 4, .queue_max = 1024}};
    SqliteDataOptions options_;
    std::unique_ptr<SqliteSqlEngine> engine_;
};

}  // namespace zs::sqlite_data
