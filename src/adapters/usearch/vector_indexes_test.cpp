#include "adapters/usearch/indexes_test.hpp"

#include <atomic>
#include <fstream>
#include <limits>
#include <thread>

namespace zs::usearch {
namespace {

using data::VectorHit;
using testing::run_task;

TEST_F(VectorIndexesTest, TheGraphFindsWhatAScanFinds) {
    fill(1, 3000);
    const auto built = build();
    EXPECT_FALSE(built.replaced);
    EXPECT_EQ(built.info.rows, 3000U);
    EXPECT_LE(misses(30), 6U);
    EXPECT_EQ(plan_, data::VectorPlan::Graph);
    EXPECT_TRUE(build().replaced);
}

TEST_F(VectorIndexesTest, ChangesAreSeenAtOnceAndAfterMerging) {
    fill(1, 2500);
    build();
    for (int round = 0; round < 30; ++round) {
        const std::int64_t id = 9000 + round;
        auto values = random_vector();
        insert(id, values);
        EXPECT_EQ(search(values, 1).front(), (VectorHit{id, 0}));
        values[0] += 50;
        insert(id, values);
        EXPECT_EQ(search(values, 1).front(), (VectorHit{id, 0}));
        if (round % 3 == 0) settle();
        EXPECT_EQ(search(values, 1).front(), (VectorHit{id, 0}));
        must("DELETE FROM items WHERE id = " + std::to_string(id));
        EXPECT_NE(search(values, 1).front().row_id, id);
    }
    must("UPDATE items SET id = 777777 WHERE id = 5");
    settle();
    EXPECT_LE(misses(20), 4U);
    must("DELETE FROM items");
    EXPECT_TRUE(search(random_vector()).empty());
}

TEST_F(VectorIndexesTest, ACommitTooLargeToTellIsReadFromTheTable) {
    fill(1, 1500);
    build();
    (void)search(random_vector());
    must("CREATE TABLE other (x)");
    must("CREATE TABLE copy AS SELECT * FROM items");
    must("DROP TABLE items");
    auto gone = run_task(indexes_->search(query(random_vector())));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, "no_such_index");
    must("CREATE TABLE items (id INTEGER PRIMARY KEY, v BLOB)");
    must("INSERT INTO items SELECT * FROM copy WHERE id < 900");
    EXPECT_EQ(run_task(indexes_->list(column().tenant))->size(), 0U);
    build();
    EXPECT_EQ(stats().info.rows, 899U);
    EXPECT_EQ(misses(5), 0U);
}

TEST_F(VectorIndexesTest, WhatIsNoVectorOfTheseDimensionsIsCountedAndSkipped) {
    fill(1, 100);
    auto bad = random_vector();
    bad[1] = std::numeric_limits<float>::quiet_NaN();
    insert(200, bad);
    bad[1] = std::numeric_limits<float>::infinity();
    insert(201, bad);
    insert(202, {1, 2});
    must("INSERT INTO items VALUES (203, 'words'), (204, NULL), (205, 7), (206, x'0102')");
    must("INSERT INTO items VALUES (207, '[1,2,3,4,5,6,7,8]')");
    build();
    EXPECT_EQ(stats().info.rows, 101U);
    EXPECT_EQ(stats().skipped, 6U);
    EXPECT_EQ(search({1, 2, 3, 4, 5, 6, 7, 8}, 1).front(), (VectorHit{207, 0}));
    must("UPDATE items SET v = '[1,2,3,4,5,6,7,9]' WHERE id = 203");
    EXPECT_EQ(search({1, 2, 3, 4, 5, 6, 7, 8}, 2).back(), (VectorHit{203, 1}));
    EXPECT_EQ(stats().skipped, 5U);
    auto wrong = run_task(indexes_->search(query({1, 2, 3})));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().reason, "dimension_mismatch");
}

TEST_F(VectorIndexesTest, EqualVectorsComeInTheOrderOfTheirRows) {
    for (std::int64_t id = 40; id > 0; --id)
        insert(id, {1, 0, 0, 0, 0, 0, 0, 0});
    build();
    const auto hits = search({1, 0, 0, 0, 0, 0, 0, 0}, 5);
    ASSERT_EQ(hits.size(), 5U);
    for (std::int64_t i = 0; i < 5; ++i)
        EXPECT_EQ(hits[static_cast<std::size_t>(i)].row_id, i + 1);
    EXPECT_EQ(search({0, 0, 0, 0, 0, 0, 0, 0}, 1000).size(), 40U);
}

TEST_F(VectorIndexesTest, TenantsSeeTheirOwn) {
    fill(1, 50);
    build();
    auto foreign = query(random_vector());
    foreign.column.tenant.env_slug = "sandbox";
    auto answer = run_task(indexes_->search(std::move(foreign)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, "no_such_index");
    EXPECT_TRUE(run_task(indexes_->list({"default", "sandbox"}))->empty());
}

// Writers check that their own commits are seen while others write, read and merge.
TEST_F(VectorIndexesTest, FreshUnderConcurrency) {
    fill(1, 2000);
    build();
    constexpr int writers = 3;
    std::atomic<int> stale{0};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            std::mt19937 random(kSeed + static_cast<unsigned>(writer));
            std::normal_distribution<float> normal;
            for (int round = 0; round < 60; ++round) {
                const std::int64_t id = 100'000 * (writer + 1) + round;
                std::vector<float> values(kDimensions);
                for (float& value : values)
                    value = normal(random) + static_cast<float>(20 * (writer + 1));
                const auto put =
                    run("INSERT OR REPLACE INTO items VALUES (?, ?)", {id, blob(values)});
                if (!put.ok()) ++stale;
                auto found = run_task(indexes_->search(query(values, 1)));
                if (!found || found->hits.front().front() != VectorHit{id, 0}) ++stale;
                if (round % 2 == 0) continue;
                if (!run("DELETE FROM items WHERE id = ?", {id}).ok()) ++stale;
                found = run_task(indexes_->search(query(values, 20)));
                if (!found) ++stale;
                for (const auto& hit : found->hits.front())
                    stale += hit.row_id == id ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(stale, 0);
    settle();
    EXPECT_LE(misses(10), 3U);
    EXPECT_EQ(stats().info.rows, 2000U + writers * 30);
}

TEST_F(VectorIndexesTest, AGraphIsStoredAndFollowsTheRowsAfterARestart) {
    fill(1, 3000);
    build();
    insert(5000, random_vector());
    close();
    ASSERT_FALSE(snapshot_file().empty());
    open();
    // Nobody listens: the stored graph knows nothing of this.
    must("DELETE FROM items WHERE id % 50 = 0");
    const std::vector<float> moved(kDimensions, 30);
    insert(7, moved);
    EXPECT_EQ(search(moved, 1).front(), (VectorHit{7, 0}));
    settle();
    EXPECT_EQ(search(moved, 1).front(), (VectorHit{7, 0}));
    EXPECT_LE(misses(20), 5U);
    EXPECT_EQ(plan_, data::VectorPlan::Graph);
    EXPECT_GE(stats().deleted, 60U);  // stand-ins: it was not built anew
}

TEST_F(VectorIndexesTest, ADamagedOrForeignFileIsNotUsed) {
    fill(1, 2500);
    build();
    close();
    const std::string path = snapshot_file();
    ASSERT_FALSE(path.empty());
    std::string bytes;
    {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::mt19937 random(kSeed);
    for (int round = 0; round < 6; ++round) {
        std::string broken = bytes;
        if (round == 0) broken.clear();
        if (round == 1) broken.resize(bytes.size() / 3);
        if (round > 1) broken[random() % bytes.size()] ^= 0x10;
        std::ofstream(path, std::ios::binary | std::ios::trunc) << broken;
        open();
        EXPECT_EQ(misses(2), 0U) << "round " << round;  // a scan, until the graph is made again
        settle();
        EXPECT_LE(misses(5), 2U) << "round " << round;
        close();
    }
}

TEST_F(VectorIndexesTest, ManyDeletionsMakeTheGraphAnew) {
    fill(1, 6000);
    build();
    must("DELETE FROM items WHERE id > 3000");
    EXPECT_LE(misses(3), 2U);
    settle();
    for (int i = 0; i < 100 && stats().deleted > 0; ++i)
        settle();
    EXPECT_EQ(stats().deleted, 0U);
    EXPECT_LE(misses(20), 5U);
    fill(20'000, 500);
    settle();
    EXPECT_EQ(stats().pending, 0U);
    EXPECT_LE(misses(10), 4U);
}

}  // namespace
}  // namespace zs::usearch
