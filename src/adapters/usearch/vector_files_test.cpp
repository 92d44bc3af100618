#include "adapters/usearch/crc32c.hpp"
#include "adapters/usearch/indexes_test.hpp"
#include "base/metrics.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

namespace zs::usearch {
namespace {

using data::VectorHit;
using testing::run_task;

class VectorFilesTest : public VectorIndexesTest {
protected:
    // Compares every row with a scan; the graph may miss one, a scan may not.
    void expect_rows_are_found(const std::string& what) {
        auto asked = query(random_vector(), 100'000);
        auto found = run_task(indexes_->scan(asked));
        ASSERT_TRUE(found) << what << ": " << found.error().message;
        const auto wanted = truth(asked.queries.front(), 100'000);
        ASSERT_EQ(found->hits.front().size(), wanted.size()) << what;
        EXPECT_TRUE(found->hits.front() == wanted) << what;
    }
    void store() {
        settle();
        ASSERT_FALSE(stored_file(".column").empty());
    }
    static double reads(const char* how) {
        return metrics::value("vector_column_reads_total", {{"how", how}});
    }
    static std::string contents(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    static void replace(const std::string& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }
};

TEST(Crc32c, IsTheOneOfTheStandard) {
    EXPECT_EQ(crc32c("123456789"), 0xE306'9283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A91'36AAU);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST_F(VectorFilesTest, ARestartReadsOnlyWhatChanged) {
    fill(1, 3000);
    build();
    store();
    insert(9000, random_vector());
    close();
    open();
    const double tables = reads("table");
    const double changes = reads("changes");
    must("DELETE FROM items WHERE id % 50 = 0");
    must("UPDATE items SET id = 77777 WHERE id = 3");
    insert(7, std::vector<float>(kDimensions, 30));
    must("UPDATE items SET v = NULL WHERE id = 11");
    must("UPDATE items SET v = 'no vector' WHERE id = 13");
    expect_rows_are_found("after a restart");
    EXPECT_EQ(reads("table"), tables);
    EXPECT_EQ(reads("changes"), changes + 1);
    EXPECT_EQ(stats().skipped, 1U);
    settle();
    EXPECT_LE(misses(10), 3U);
}

TEST_F(VectorFilesTest, WarmingBringsColumnsAndIndexesBack) {
    fill(1, 3000);
    build();
    store();
    close();
    open();
    const double changes = reads("changes");
    run_task(indexes_->warm());
    EXPECT_EQ(reads("changes"), changes + 1);
    settle();
    EXPECT_LE(misses(5), 2U);
    EXPECT_EQ(plan_, data::VectorPlan::Graph);
    EXPECT_EQ(reads("changes"), changes + 1);
    must("DROP TABLE items");
    close();
    open();
    run_task(indexes_->warm());
    EXPECT_TRUE(stored_file(".column").empty());
    EXPECT_TRUE(stored_file(".blocks").empty());
}

// Every part of both files, damaged in every way, over and over.
TEST_F(VectorFilesTest, DamageIsNoticedAndRepaired) {
    fill(1, 1500);
    build();
    store();
    close();
    const std::string image_path = stored_file(".column");
    const std::string blocks_path = stored_file(".blocks");
    const std::string image = contents(image_path);
    const std::string blocks = contents(blocks_path);
    ASSERT_GT(image.size(), 1000U);
    ASSERT_GE(blocks.size(), kBlockBytes);
    const std::size_t used = 1500 * kDimensions * sizeof(float);
    std::mt19937 random(kSeed);
    for (int round = 0; round < 40; ++round) {
        const std::string what =
            "seed " + std::to_string(kSeed) + " round " + std::to_string(round);
        std::string broken_image = image;
        std::string broken_blocks = blocks;
        const bool breaks_image = round % 2 == 0;
        std::string& broken = breaks_image ? broken_image : broken_blocks;
        const std::size_t size = breaks_image ? image.size() : used;
        switch (random() % 4) {
            case 0: broken.resize(random() % size); break;
            case 1: {
                const std::size_t at = random() % size;
                const std::size_t count = std::min<std::size_t>(size - at, 1 + random() % 500);
                for (std::size_t i = 0; i < count; ++i)
                    broken[at + i] = static_cast<char>(~broken[at + i]);
                break;
            }
            default: broken[random() % size] ^= static_cast<char>(1U << (random() % 8));
        }
        replace(image_path, broken_image);
        replace(blocks_path, broken_blocks);
        const double damaged = metrics::value("vector_files_damaged_total");
        open();
        expect_rows_are_found(what);
        EXPECT_EQ(metrics::value("vector_files_damaged_total"), damaged + 1) << what;
        close();
        std::error_code error;
        std::filesystem::remove_all(folder_.file("vectors"), error);
        std::filesystem::create_directories(std::filesystem::path(image_path).parent_path());
    }
}

TEST_F(VectorFilesTest, FilesOfAnotherHistoryAreCompared) {
    fill(1, 2000);
    build();
    store();
    close();
    // The database of a backup, which then goes another way, as far as the files have seen.
    const std::string database = folder_.file("sql") + "/default/live.db";
    engine_.reset();
    const std::string backup = contents(database);
    open();
    must("DELETE FROM items WHERE id < 500");
    expect_rows_are_found("the first way");
    fill(10'000, 1500);
    settle();
    store();
    close();
    engine_.reset();
    std::filesystem::remove(database + "-wal");
    std::filesystem::remove(database + "-shm");
    replace(database, backup);
    open();
    must("DELETE FROM items WHERE id > 1500");
    must("UPDATE items SET v = (SELECT v FROM items WHERE id = 4) WHERE id = 5");
    expect_rows_are_found("the second way");
}

// Copies of the files from any moment of a life, with the database as it is later: what a crash
// between any two steps may leave.
TEST_F(VectorFilesTest, OldFilesBesideANewerDatabaseAreBroughtUpToDate) {
    fill(1, 1200);
    build();
    store();
    std::mt19937 random(kSeed);
    for (int round = 0; round < 8; ++round) {
        const std::string copy = folder_.file("copy" + std::to_string(round));
        std::filesystem::copy(folder_.file("vectors"), copy,
                              std::filesystem::copy_options::recursive);
        for (int step = 0; step < 6; ++step) {
            const std::string id = std::to_string(random() % 1300);
            const std::string other = std::to_string(random() % 1300);
            switch (random() % 4) {
                case 0: must("DELETE FROM items WHERE id = " + id); break;
                case 1: insert(static_cast<std::int64_t>(random() % 3000), random_vector()); break;
                case 2:
                    must("UPDATE OR REPLACE items SET id = " + other + " WHERE id = " + id);
                    break;
                default: fill(10'000 * (round + 1) + 500 * step, 400);
            }
            if (step == 3) (void)search(random_vector());
        }
        if (round % 3 == 2) must("ALTER TABLE items ADD COLUMN c" + std::to_string(round));
        settle();
        close();
        std::filesystem::remove_all(folder_.file("vectors"));
        std::filesystem::rename(copy, folder_.file("vectors"));
        open();
        expect_rows_are_found("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
        settle();
    }
}

TEST_F(VectorFilesTest, StoringGoesOnBesideChangesAndSearches) {
    fill(1, 4000);
    build();
    store();
    std::atomic<bool> done{false};
    std::thread writer([&] {
        std::mt19937 random(kSeed);
        for (int i = 0; i < 60; ++i) {
            const auto first = static_cast<std::int64_t>(random() % 4000);
            must("DELETE FROM items WHERE id BETWEEN " + std::to_string(first) + " AND "
                 + std::to_string(first + 50));
            fill(100'000 + 1000 * i, 50);
        }
        done = true;
    });
    while (!done)
        (void)run_task(indexes_->search(query(std::vector<float>(kDimensions, 1))));
    writer.join();
    settle();
    close();
    open();
    expect_rows_are_found("after changes while it was stored");
}

TEST_F(VectorFilesTest, DefinitionsOfOtherTablesLeaveAColumnAlone) {
    fill(1, 1500);
    build();
    const double tables = reads("table");
    const double changes = reads("changes");
    must("CREATE TABLE other (x)");
    must("INSERT INTO other VALUES (1)");
    must("ALTER TABLE other ADD COLUMN y");
    must("CREATE INDEX other_x ON other(x)");
    must("DROP TABLE other");
    (void)search(random_vector());
    EXPECT_EQ(reads("table"), tables);
    EXPECT_EQ(reads("changes"), changes);
    must("ALTER TABLE items ADD COLUMN more");
    expect_rows_are_found("after its own definition");
    EXPECT_EQ(reads("table"), tables + 1);
}

TEST_F(VectorFilesTest, AnIndexFollowsItsTableToANewName) {
    fill(1, 2500);
    build();
    must("ALTER TABLE items RENAME TO things");
    auto asked = query(random_vector());
    asked.column.table = "things";
    auto found = run_task(indexes_->search(asked));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->hits.front().size(), 10U);
    ASSERT_TRUE(run_task(indexes_->settle(asked.column)));
    found = run_task(indexes_->search(asked));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->plan, data::VectorPlan::Graph);
    auto gone = run_task(indexes_->search(query(random_vector())));
    ASSERT_FALSE(gone);
    must("ALTER TABLE things RENAME COLUMN v TO w");
    asked.column.column = "w";
    found = run_task(indexes_->search(asked));
    ASSERT_TRUE(found) << found.error().message;
    must("ALTER TABLE things RENAME TO items");
    must("ALTER TABLE items RENAME COLUMN w TO v");
    expect_rows_are_found("after four names");
}

TEST_F(VectorFilesTest, WhatIsUnusedLeavesAndComesBack) {
    fill(1, 2500);
    build();
    settle();
    EXPECT_EQ(metrics::value("vector_change_capture"), 1);
    indexes_->sweep_blocking();
    EXPECT_EQ(metrics::value("vector_change_capture"), 1);
    close();
    index_options_.idle_max = std::chrono::seconds(0);
    open();
    (void)search(random_vector());
    settle();
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (metrics::value("vector_change_capture") == 1
           && std::chrono::steady_clock::now() < patience) {
        indexes_->sweep_blocking();  // a merge may still hold the column
        std::this_thread::yield();
    }
    EXPECT_EQ(metrics::value("vector_change_capture"), 0);
    insert(9, std::vector<float>(kDimensions, 20));
    must("DELETE FROM items WHERE id = 10");
    expect_rows_are_found("after it was away");
    EXPECT_EQ(metrics::value("vector_change_capture"), 1);
}

// Its rows are noted while it is away, so that it comes back quickly; not when it is dropped there.
TEST_F(VectorFilesTest, AnIndexThatIsAwayIsFollowedUntilItIsDropped) {
    fill(1, 2500);
    build();
    settle();
    index_options_.idle_max = std::chrono::seconds(0);
    close();
    open();
    (void)search(random_vector());
    settle();
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (metrics::value("vector_columns") != 0 && std::chrono::steady_clock::now() < patience) {
        indexes_->sweep_blocking();  // a merge may still hold the column
        std::this_thread::yield();
    }
    const auto mark = run_task(journal_->follow(column().tenant, "items"));
    ASSERT_TRUE(mark);
    must("DELETE FROM items WHERE id = 10");
    const auto noted = run_task(journal_->changes_since(column().tenant, "items", *mark));
    ASSERT_TRUE(noted && *noted);
    EXPECT_EQ((*noted)->row_ids, std::vector<std::int64_t>{10});
    EXPECT_NE(stored_file(".column"), "");
    ASSERT_TRUE(run_task(indexes_->drop(column())));
    const auto gone = run_task(journal_->changes_since(column().tenant, "items", *mark));
    ASSERT_TRUE(gone);
    EXPECT_FALSE(*gone);
    EXPECT_EQ(stored_file(".column"), "");
}

}  // namespace
}  // namespace zs::usearch
