#pragma once

#include "adapters/sqlite_data/engine_test.hpp"
#include "adapters/sqlite_data/sqlite_change_journal.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "adapters/usearch/usearch_vector_indexes.hpp"
#include "core/data/vector_value.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace zs::usearch {

inline constexpr std::size_t kDimensions = 8;
inline constexpr unsigned kSeed = 20'261'121;

// Indexes over the table items (id, v) of a scratch database.
class VectorIndexesTest : public sqlite_data::EngineTest {
protected:
    void SetUp() override {
        RecordProperty("seed", static_cast<int>(kSeed));
        open();
        must("CREATE TABLE items (id INTEGER PRIMARY KEY, v BLOB)");
    }
    void TearDown() override { close(); }

    void open() {
        restart();
        definitions_ = std::make_unique<sqlite_data::SqliteVectorDefinitions>(*engine_, pool_);
        journal_ = std::make_unique<sqlite_data::SqliteChangeJournal>(*engine_, pool_);
        index_options_.folder = folder_.file("vectors");
        indexes_ = std::make_unique<UsearchVectorIndexes>(*engine_, *engine_, *definitions_,
                                                          index_options_, journal_.get());
    }
    void close() {
        indexes_.reset();
        journal_.reset();
        definitions_.reset();
    }

    static data::VectorColumn column(const std::string& table = "items") {
        data::VectorColumn made;
        made.tenant = request("").tenant;
        made.table = table;
        made.column = "v";
        return made;
    }
    static data::Blob blob(const std::vector<float>& values) {
        data::Blob out;
        out.bytes.resize(values.size() * sizeof(float));
        std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
        return out;
    }
    std::vector<float> random_vector() {
        std::vector<float> values(kDimensions);
        for (float& value : values)
            value = normal_(random_);
        return values;
    }
    void insert(std::int64_t id, const std::vector<float>& values) {
        const auto done =
            run("INSERT OR REPLACE INTO items (id, v) VALUES (?, ?)", {id, blob(values)});
        ASSERT_TRUE(done.ok()) << done.message();
    }
    // Many rows in few commits.
    void fill(std::int64_t first, std::size_t count) {
        while (count > 0) {
            const std::size_t some = std::min<std::size_t>(count, 250);
            std::string sql = "INSERT INTO items (id, v) VALUES ";
            std::vector<data::SqlValue> values;
            for (std::size_t i = 0; i < some; ++i) {
                sql += i == 0 ? "(?,?)" : ",(?,?)";
                values.emplace_back(first++);
                values.emplace_back(blob(random_vector()));
            }
            ASSERT_TRUE(run(sql, std::move(values)).ok());
            count -= some;
        }
    }
    data::VectorBuild build(data::HnswParameters parameters = {}) {
        data::VectorIndexDefinition definition;
        definition.table = "items";
        definition.column = "v";
        definition.parameters = parameters;
        auto built = testing::run_task(
            indexes_->build(column().tenant, std::move(definition), data::BuildWait::UntilReady));
        EXPECT_TRUE(built) << (built ? "" : built.error().message);
        return built ? *built : data::VectorBuild();
    }
    data::VectorQuery query(const std::vector<float>& values, std::size_t k = 10) {
        data::VectorQuery made;
        made.column = column();
        made.queries = {values};
        made.top_k = k;
        made.ef_search = 60;
        return made;
    }
    std::vector<data::VectorHit> search(const std::vector<float>& values, std::size_t k = 10) {
        auto answer = testing::run_task(indexes_->search(query(values, k)));
        EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
        if (!answer) return {};
        plan_ = answer->plan;
        return answer->hits.front();
    }
    // From the rows themselves, one by one.
    std::vector<data::VectorHit> truth(const std::vector<float>& values, std::size_t k = 10) {
        const auto all = run("SELECT id, v FROM items");
        std::vector<data::VectorHit> hits;
        std::vector<float> row;
        for (const auto& cells : all.rows) {
            if (data::read_vector(cells[1], values.size(), row) != data::VectorCell::Vector)
                continue;
            hits.push_back(
                {std::get<std::int64_t>(cells[0]),
                 vector::distance(vector::Metric::L2, values.data(), row.data(), values.size())});
        }
        std::ranges::sort(hits, [](const auto& a, const auto& b) {
            return a.distance != b.distance ? a.distance < b.distance : a.row_id < b.row_id;
        });
        hits.resize(std::min(k, hits.size()));
        return hits;
    }
    // How many of the searches differ from the truth; a graph may miss a neighbour now and then.
    std::size_t misses(std::size_t searches) {
        std::size_t missed = 0;
        for (std::size_t i = 0; i < searches; ++i) {
            const auto asked = random_vector();
            const auto found = search(asked);
            const auto wanted = truth(asked);
            EXPECT_EQ(found.size(), wanted.size());
            for (const data::VectorHit& hit : found) {
                const bool right = std::ranges::find(wanted, hit) != wanted.end();
                missed += right ? 0 : 1;
            }
        }
        return missed;
    }
    void settle() { ASSERT_TRUE(testing::run_task(indexes_->settle(column()))); }
    data::VectorIndexStats stats() { return *testing::run_task(indexes_->stats(column())); }
    // The one with that ending; empty when there is none.
    std::string stored_file(const std::string& extension) const {
        std::error_code error;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(folder_.file("vectors"), error)) {
            if (entry.path().extension() == extension) return entry.path();
        }
        return {};
    }
    std::string snapshot_file() const { return stored_file(".graph"); }

    std::mt19937 random_{kSeed};
    std::normal_distribution<float> normal_;
    std::unique_ptr<sqlite_data::SqliteVectorDefinitions> definitions_;
    std::unique_ptr<sqlite_data::SqliteChangeJournal> journal_;
    VectorOptions index_options_;
    std::unique_ptr<UsearchVectorIndexes> indexes_;
    data::VectorPlan plan_ = data::VectorPlan::Scan;
};

}  // namespace zs::usearch
