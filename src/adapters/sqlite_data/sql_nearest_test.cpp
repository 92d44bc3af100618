// Searches for the nearest rows by SQL: what an index answers is compared with what comparing every
// row answers.
#include "adapters/sqlite_data/engine_test.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "adapters/usearch/usearch_vector_indexes.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <set>
#include <thread>

namespace zs::sqlite_data {
namespace {

using testing::run_task;

constexpr unsigned kSeed = 20'261'122;
constexpr std::size_t kDimensions = 8;
constexpr std::size_t kRows = 3000;

class SqlNearestTest : public EngineTest {
protected:
    void SetUp() override {
        RecordProperty("seed", static_cast<int>(kSeed));
        open();
        must("CREATE TABLE items (id INTEGER PRIMARY KEY, tag TEXT, n INTEGER, emb VECTOR(8))");
    }
    void TearDown() override { close(); }

    void open() {
        restart();
        definitions_ = std::make_unique<SqliteVectorDefinitions>(*engine_, pool_);
        usearch::VectorOptions options;
        options.folder = folder_.file("vectors");
        indexes_ = std::make_unique<usearch::UsearchVectorIndexes>(*engine_, *engine_,
                                                                   *definitions_, options);
        engine_->use_vector_indexes(indexes_.get());
    }
    void close() {
        engine_->use_vector_indexes(nullptr);
        indexes_.reset();
        definitions_.reset();
    }

    static data::Blob blob(const std::vector<float>& values) {
        data::Blob out;
        out.bytes.resize(values.size() * sizeof(float));
        std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
        return out;
    }
    data::Blob random_vector() {
        std::vector<float> values(kDimensions);
        for (float& value : values)
            value = normal_(random_);
        return blob(values);
    }
    // tag: a of every second row, b of every tenth, c of every hundredth …
    void fill(std::size_t count = kRows, std::int64_t first = 1) {
        for (std::size_t done = 0; done < count;) {
            std::string sql = "INSERT INTO items VALUES ";
            std::vector<data::SqlValue> values;
            for (std::size_t i = 0; i < 200 && done < count; ++i, ++done, ++first) {
                sql += i == 0 ? "(?,?,?,?)" : ",(?,?,?,?)";
                values.emplace_back(first);
                values.emplace_back(std::string(first % 100 == 0  ? "c"
                                                : first % 10 == 0 ? "b"
                                                : first % 2 == 0  ? "a"
                                                                  : "z"));
                values.emplace_back(first % 7);
                values.emplace_back(random_vector());
            }
            const auto answer = run(sql, std::move(values));
            ASSERT_TRUE(answer.ok()) << answer.message();
        }
    }
    void index(const std::string& with = "(m = 8)", const std::string& column = "emb") {
        must("CREATE INDEX items_near ON items USING hnsw (" + column + ") WITH " + with);
    }
    // Every row is compared.
    Answer exactly(const data::SqlRequest& wanted) {
        engine_->use_vector_indexes(nullptr);
        auto answer = run(wanted);
        engine_->use_vector_indexes(indexes_.get());
        return answer;
    }
    static double searches() {
        return static_cast<double>(metrics::value("hnsw_searches_total", {}));
    }
    Answer near(const std::string& sql, std::vector<data::SqlValue> params,
                std::size_t ef_search = 20) {
        auto wanted = request(sql, std::move(params));
        wanted.ef_search = ef_search;
        return run(std::move(wanted));
    }
    std::string plan(const std::string& sql) {
        const auto answer = run("EXPLAIN QUERY PLAN " + sql, {random_vector()});
        EXPECT_TRUE(answer.ok()) << answer.message();
        std::string lines;
        for (std::size_t i = 0; i < answer.rows.size(); ++i)
            lines += answer.text(i) + "\n";
        return lines;
    }
    bool plans_index(const std::string& sql) {
        return plan(sql).find("USING HNSW INDEX items_near ON items(emb)") != std::string::npos;
    }
    std::string error_of(const std::string& sql) { return run(sql).reason(); }

    std::unique_ptr<SqliteVectorDefinitions> definitions_;
    std::unique_ptr<usearch::UsearchVectorIndexes> indexes_;
    std::mt19937 random_{kSeed};
    std::normal_distribution<float> normal_;
};

TEST_F(SqlNearestTest, MakesAndDropsIndexes) {
    fill(50);
    must(
        "CREATE INDEX Near ON items USING hnsw (emb vector_cosine_ops) "
        "WITH (m = 12, ef_construction = 80, storage = 'i8')");
    auto list = *run_task(indexes_->list(request("").tenant));
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].definition.name, "Near");
    EXPECT_EQ(list[0].definition.table, "items");
    EXPECT_EQ(list[0].definition.parameters.metric, vector::Metric::Cosine);
    EXPECT_EQ(list[0].definition.parameters.storage, vector::Scalar::I8);
    EXPECT_EQ(list[0].definition.parameters.m, 12U);
    EXPECT_EQ(list[0].definition.parameters.ef_construction, 80U);
    EXPECT_EQ(list[0].state, data::VectorIndexState::Ready);

    must("CREATE INDEX IF NOT EXISTS near ON items USING hnsw (emb)");
    EXPECT_EQ(error_of("CREATE INDEX near ON items USING hnsw (emb)"), "index_exists");
    EXPECT_EQ(error_of("CREATE INDEX other ON items USING hnsw (emb)"), "index_exists");
    EXPECT_EQ(error_of("DROP INDEX absent"), "sql_error");
    must("DROP INDEX IF EXISTS absent");
    must("DROP INDEX main.\"near\";");
    EXPECT_TRUE(run_task(indexes_->list(request("").tenant))->empty());
    must("DROP INDEX IF EXISTS near");
    must("CREATE INDEX ON items USING hnsw (emb)");
    EXPECT_EQ(run_task(indexes_->list(request("").tenant))->at(0).definition.name,
              "items_emb_hnsw");
    // Ordinary indexes are not touched.
    must("CREATE INDEX plain ON items (n)");
    must("DROP INDEX plain");
}

// Both kinds of index are dropped by the same statement, so a name is one of them.
TEST_F(SqlNearestTest, ANameBelongsToOneThing) {
    fill(10);
    index();
    EXPECT_EQ(error_of("CREATE INDEX Items_Near ON items (n)"), "index_exists");
    const auto refused = run("CREATE UNIQUE INDEX IF NOT EXISTS items_near ON items (n)");
    EXPECT_EQ(refused.summary.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.message().find("vector index called 'items_near'"), std::string::npos);
    EXPECT_EQ(error_of("CREATE TABLE items_near (x)"), "index_exists");
    EXPECT_EQ(error_of("CREATE TABLE items_near AS SELECT 1 AS x"), "index_exists");
    EXPECT_EQ(error_of("CREATE VIEW items_near AS SELECT 1 AS x"), "index_exists");
    must("CREATE TRIGGER items_near AFTER DELETE ON items BEGIN SELECT 1; END");
    must("DROP INDEX items_near");
    must("CREATE INDEX items_near ON items (n)");
    data::VectorIndexDefinition again;
    again.name = "ITEMS_near";
    again.table = "items";
    again.column = "emb";
    const auto built =
        run_task(indexes_->build(request("").tenant, again, data::BuildWait::UntilReady));
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().reason, "index_exists");
    EXPECT_NE(built.error().message.find("an index called"), std::string::npos);
    EXPECT_TRUE(run_task(indexes_->list(request("").tenant))->empty());
}

TEST_F(SqlNearestTest, RefusesWrongDefinitions) {
    fill(10);
    const std::string head = "CREATE INDEX i ON items USING hnsw ";
    EXPECT_EQ(error_of(head + "(emb) WITH (lists = 10)"), "sql_error");
    const auto unknown = run(head + "(emb) WITH (lists = 10)");
    EXPECT_NE(unknown.message().find("m, ef_construction, metric and storage"), std::string::npos);
    EXPECT_EQ(unknown.summary.error().details.at("offset").to_number<std::size_t>(),
              head.size() + 12);
    EXPECT_EQ(error_of(head + "(emb) WITH (metric = 'hamming')"), "invalid_metric");
    EXPECT_EQ(error_of(head + "(emb) WITH (metric = 'near')"), "invalid_metric");
    EXPECT_EQ(error_of(head + "(emb) WITH (storage = 'f64')"), "sql_error");
    EXPECT_EQ(error_of(head + "(emb) WITH (m = 3.5)"), "sql_error");
    EXPECT_EQ(error_of(head + "(emb) WITH (m = 2)"), "invalid_argument");
    EXPECT_EQ(error_of(head + "(emb) WITH m = 2"), "sql_syntax_error");
    EXPECT_EQ(error_of(head + "(emb, n)"), "sql_error");
    EXPECT_EQ(error_of(head + "(emb) WHERE n = 1"), "sql_error");
    EXPECT_EQ(error_of(head + "(emb halfvec_l2_ops)"), "sql_error");
    EXPECT_EQ(error_of(head + "emb"), "sql_syntax_error");
    EXPECT_EQ(error_of("CREATE UNIQUE INDEX i ON items USING hnsw (emb)"), "sql_error");
    EXPECT_EQ(error_of(head + "(n)"), "not_a_vector");
    EXPECT_EQ(error_of(head + "(tag)"), "not_a_vector");
    EXPECT_EQ(error_of(head + "(absent)"), "no_such_column");
    EXPECT_EQ(error_of("CREATE INDEX i ON absent USING hnsw (emb)"), "no_such_table");
    EXPECT_EQ(run("CREATE INDEX i ON absent USING hnsw (emb)").summary.error().code,
              ErrorCode::InvalidArgument);
    must("CREATE VIEW seen AS SELECT * FROM items");
    EXPECT_EQ(error_of("CREATE INDEX i ON seen USING hnsw (emb)"), "not_a_vector");
    EXPECT_EQ(error_of("CREATE INDEX items ON items USING hnsw (emb)"), "index_exists");
    EXPECT_EQ(error_of("CREATE INDEX _zs_i ON items USING hnsw (emb)"), "statement_not_allowed");
    EXPECT_EQ(error_of("EXPLAIN CREATE INDEX i ON items USING hnsw (emb)"), "sql_error");
    EXPECT_TRUE(run_task(indexes_->list(request("").tenant))->empty());
}

TEST_F(SqlNearestTest, NeedsTheRights) {
    fill(10);
    identity::Rights tables;
    tables.set(identity::Resource::Tables, {identity::Right::Read, identity::Right::Create});
    const std::string make = "CREATE INDEX i ON items USING hnsw (emb)";
    EXPECT_EQ(run_as(tables, make).reason(), "permission_denied");
    tables.set(identity::Resource::Indexes, {identity::Right::Create});
    EXPECT_TRUE(run_as(tables, make).ok());
    EXPECT_EQ(run_as(tables, "DROP INDEX i").reason(), "permission_denied");
    const std::string search = "SELECT row_id FROM hnsw_search('i', '[1,2,3,4,5,6,7,8]', 3)";
    EXPECT_TRUE(run_as(tables, search).ok());
    identity::Rights nothing;
    EXPECT_EQ(run_as(nothing, search).reason(), "permission_denied");
    EXPECT_EQ(run_as(nothing, "SELECT id FROM items ORDER BY emb <-> '[1,2,3,4,5,6,7,8]' LIMIT 3")
                  .reason(),
              "permission_denied");
    EXPECT_EQ(error_of("SELECT row_id FROM _zs_nearest"), "statement_not_allowed");
    EXPECT_EQ(error_of("SELECT _zs_counted(1)"), "statement_not_allowed");
}

TEST_F(SqlNearestTest, ExplainTellsWhichFormsUseTheIndex) {
    fill(100);
    index();
    for (const char* sql :
         {"SELECT * FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "select id from main.items as i where n = 3 order by i.emb <-> ?1 asc limit 5 offset 2;",
          "SELECT id, emb <-> ?1 AS d FROM items ORDER BY d LIMIT 5",
          "SELECT id, (emb <-> ?1) d FROM items ORDER BY d NULLS LAST LIMIT 5",
          "SELECT id FROM items ORDER BY (?1 <-> emb) LIMIT 2, 3",
          "SELECT id FROM items WHERE tag IN ('a', 'b') OR n < 3 "
          "ORDER BY emb <-> vec_from_json(?1) LIMIT 5",
          "SELECT id FROM items ORDER BY emb <-> CAST(?1 AS VECTOR(8)) LIMIT 5"}) {
        EXPECT_TRUE(plans_index(sql)) << sql << "\n" << plan(sql);
    }
    for (const char* sql :
         {"SELECT id FROM items ORDER BY emb <=> ?1 LIMIT 5",
          "SELECT id FROM items ORDER BY emb <-> ?1",
          "SELECT id FROM items ORDER BY emb <-> ?1 DESC LIMIT 5",
          "SELECT id FROM items ORDER BY emb <-> ?1 NULLS FIRST LIMIT 5",
          "SELECT id FROM items ORDER BY n, emb <-> ?1 LIMIT 5",
          "SELECT id FROM items ORDER BY emb <-> ?1, n LIMIT 5",
          "SELECT DISTINCT id FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT count(*) FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT \"max\"(n) FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT n FROM items GROUP BY n ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT i.id FROM items i, items j ORDER BY i.emb <-> ?1 LIMIT 5",
          "SELECT i.id FROM items i JOIN items j USING (id) ORDER BY i.emb <-> ?1 LIMIT 5",
          "SELECT id FROM items WHERE id IN (SELECT id FROM items) ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT id FROM items ORDER BY emb <-> (SELECT emb FROM items LIMIT 1), ?1 LIMIT 5",
          "SELECT id FROM (SELECT * FROM items) ORDER BY emb <-> ?1 LIMIT 5",
          "WITH q AS (SELECT 1) SELECT id FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT id, emb <-> ?1 AS n FROM items ORDER BY n LIMIT 5",
          "SELECT id, row_number() OVER () FROM items ORDER BY emb <-> ?1 LIMIT 5",
          "SELECT id FROM items UNION ALL SELECT ?1 LIMIT 5"}) {
        EXPECT_FALSE(plans_index(sql)) << sql;
    }
}

TEST_F(SqlNearestTest, ShapeIsThatOfTheExactSearch) {
    fill(200);
    index();
    const auto q = random_vector();
    const auto wanted = request(
        "SELECT *, emb <-> ? AS d, n + 1, emb FROM items ORDER BY emb <-> ? LIMIT 4", {q, q});
    const double before = searches();
    const auto found = run(wanted);
    EXPECT_GT(searches(), before);
    const auto truth = exactly(wanted);
    ASSERT_TRUE(found.ok()) << found.message();
    EXPECT_EQ(found.rows, truth.rows);
    ASSERT_EQ(found.columns.size(), truth.columns.size());
    for (std::size_t i = 0; i < found.columns.size(); ++i) {
        EXPECT_EQ(found.columns[i].name, truth.columns[i].name);
        EXPECT_EQ(found.columns[i].type, truth.columns[i].type);
        EXPECT_EQ(found.columns[i].kind, truth.columns[i].kind);
    }
    auto few = wanted;
    few.rows_max = 2;
    const auto cut = run(few);
    EXPECT_EQ(cut.rows.size(), 2U);
    EXPECT_TRUE(cut.summary->truncated);
}

TEST_F(SqlNearestTest, WrongValuesAreToldAsEver) {
    fill(20);
    index();
    const std::string sql = "SELECT id FROM items ORDER BY emb <-> ? LIMIT 5";
    EXPECT_EQ(run(sql, {blob({1, 2})}).reason(), "dimension_mismatch");
    EXPECT_EQ(run(sql, {std::string("[1,")}).reason(), "not_a_vector");
    EXPECT_EQ(run(sql, {}).summary.error().details.at("field").as_string(), "params");
    EXPECT_EQ(run(sql, {random_vector(), 1}).summary.error().details.at("field").as_string(),
              "params");
    EXPECT_EQ(run(sql, {data::SqlValue()}).rows.size(), 5U);
    const std::string limited = "SELECT id FROM items ORDER BY emb <-> ? LIMIT ? OFFSET ?";
    EXPECT_EQ(run(limited, {random_vector(), 0, 0}).rows.size(), 0U);
    EXPECT_EQ(run(limited, {random_vector(), -1, 0}).rows.size(), 20U);
    EXPECT_EQ(run(limited, {random_vector(), 15, 10}).rows.size(), 10U);
    EXPECT_EQ(run(limited, {random_vector(), 5, -3}).rows.size(), 5U);
}

TEST_F(SqlNearestTest, RowsWithoutAVectorComeLast) {
    fill(30);
    must("INSERT INTO items (id, tag) VALUES (1000, 'none'), (1001, 'none')");
    const std::string sql = "SELECT id FROM items ORDER BY emb <-> ? LIMIT ";
    const auto q = random_vector();
    const auto before = run(sql + "31", {q});
    index();
    const auto after = run(sql + "31", {q});
    ASSERT_EQ(after.rows.size(), 31U);
    EXPECT_EQ(after.rows, before.rows);
    EXPECT_GE(after.integer(30), 1000);
    EXPECT_LT(after.integer(29), 1000);
    EXPECT_EQ(run(sql + "100", {q}).rows.size(), 32U);
    const auto alias = run("SELECT emb <-> ? d, id FROM items ORDER BY d LIMIT 1", {q});
    EXPECT_EQ(alias.integer(0, 1), after.integer(0));
}

TEST_F(SqlNearestTest, SeesEveryCommitBeforeIt) {
    fill();
    index();
    const std::string sql = "SELECT id FROM items ORDER BY emb <-> ? LIMIT 3";
    for (std::int64_t i = 0; i < 60; ++i) {
        const auto q = random_vector();
        const std::int64_t id = 100'000 + i;
        ASSERT_TRUE(run("INSERT INTO items VALUES (?, 'new', 1, ?)", {id, q}).ok());
        ASSERT_EQ(near(sql, {q}).integer(), id);
        const auto other = random_vector();
        ASSERT_TRUE(run("UPDATE items SET emb = ? WHERE id = ?", {other, id}).ok());
        ASSERT_NE(near(sql, {q}).integer(), id);
        ASSERT_EQ(near(sql, {other}).integer(), id);
        ASSERT_TRUE(run("DELETE FROM items WHERE id = ?", {id}).ok());
        ASSERT_NE(near(sql, {other}).integer(), id);
        ASSERT_EQ(near(sql, {other}).rows.size(), 3U);
    }
}

TEST_F(SqlNearestTest, FiltersLoseNoRow) {
    fill();
    must("INSERT INTO items SELECT 50000, 'rare', 1, emb FROM items WHERE id = 17");
    index();
    for (const char* where : {"tag = 'a'", "tag = 'b'", "tag = 'c'", "tag = 'rare'", "tag = 'none'",
                              "n = 3 AND tag <> 'a'", "id = 55", "emb <-> ?1 < 2.5",
                              "tag = 'a' -- a comment\n AND n > 2", "id > 0 OR n = 1"}) {
        const auto wanted = request("SELECT id, emb <-> ?1 FROM items WHERE " + std::string(where)
                                        + " ORDER BY emb <-> ?1 LIMIT 7",
                                    {random_vector()});
        const auto truth = exactly(wanted);
        ASSERT_TRUE(truth.ok()) << where << ": " << truth.message();
        auto all = wanted;
        all.ef_search = kRows;
        EXPECT_EQ(run(all).rows, truth.rows) << where;
        EXPECT_EQ(run(wanted).rows.size(), truth.rows.size()) << where;
    }
}

// Statements put together by chance: with every candidate the rows are those of the exact search,
// with the usual number of them there are as many, and nearly the same.
TEST_F(SqlNearestTest, GeneratedStatementsAgreeWithTheExactSearch) {
    fill();
    index();
    const std::vector<std::string> lists = {"id",
                                            "*",
                                            "id, tag, emb <-> $q AS d",
                                            "i.id, n * 2",
                                            "upper(tag), id",
                                            "emb <-> $q far, id"};
    const std::vector<std::string> wheres = {"",
                                             " WHERE tag = 'a'",
                                             " WHERE n IN (1, 2, 3)",
                                             " WHERE NOT n = 5 OR tag = 'c'",
                                             " WHERE i.n BETWEEN 2 AND 5 AND tag <> 'z'",
                                             " WHERE tag = 'c' AND n = $n",
                                             " WHERE (emb <-> $q) < 3.5",
                                             " WHERE id % 3 = 0"};
    const std::vector<std::string> orders = {"emb <-> $q", "i.emb <-> $q ASC", "($q <-> emb)",
                                             "emb <-> $q NULLS LAST"};
    std::size_t found_rows = 0;
    std::size_t same_rows = 0;
    const auto pick = [&](const std::vector<std::string>& from) {
        return from[random_() % from.size()];
    };
    for (int round = 0; round < 150; ++round) {
        std::string sql = "SELECT " + pick(lists) + " FROM items i" + pick(wheres) + " ORDER BY "
                          + pick(orders) + " LIMIT " + std::to_string(1 + random_() % 40);
        if (random_() % 3 == 0) sql += " OFFSET " + std::to_string(random_() % 20);
        auto wanted = request(sql);
        wanted.named.emplace_back("q", random_vector());
        wanted.named.emplace_back("n", std::int64_t{static_cast<std::int64_t>(random_() % 7)});
        const auto truth = exactly(wanted);
        ASSERT_TRUE(truth.ok()) << sql << ": " << truth.message();
        wanted.ef_search = kRows;
        const auto all = run(wanted);
        ASSERT_TRUE(all.ok()) << sql << ": " << all.message();
        ASSERT_EQ(all.rows, truth.rows) << sql << ", seed " << kSeed << ", round " << round;
        wanted.ef_search = 48;
        const auto some = run(wanted);
        ASSERT_EQ(some.rows.size(), truth.rows.size()) << sql << ", seed " << kSeed;
        found_rows += truth.rows.size();
        for (const auto& row : some.rows)
            same_rows += std::ranges::find(truth.rows, row) != truth.rows.end() ? 1U : 0U;
    }
    const double recall = static_cast<double>(same_rows) / static_cast<double>(found_rows);
    EXPECT_GT(recall, 0.95) << "seed " << kSeed;
}

// An index that is asked in vain costs time and shows in no answer, so the asking is counted.
TEST_F(SqlNearestTest, LearnsHowManyRowsAFilterPasses) {
    fill();
    index();
    const std::string head = "SELECT id FROM items WHERE n < ";
    const auto asked = [&](std::int64_t below) {
        const double before = searches();
        const auto found = run(head + "? ORDER BY emb <-> ? LIMIT 10", {below, random_vector()});
        EXPECT_EQ(found.rows.size(), below > 0 ? 10U : 0U);
        return searches() - before;
    };
    EXPECT_TRUE(plans_index(head + "7 ORDER BY emb <-> ?1 LIMIT 10"));
    EXPECT_EQ(asked(7), 1);
    EXPECT_EQ(asked(7), 1);
    EXPECT_EQ(asked(0), 1);
    EXPECT_EQ(asked(0), 0) << "no row passes, and that is known by now";
    EXPECT_EQ(asked(0), 0);
    EXPECT_EQ(asked(7), 0) << "every row is compared, which tells that all of them pass";
    EXPECT_EQ(asked(7), 1);
}

TEST_F(SqlNearestTest, TransactionsSeeTheirOwnRowsAndTheirSnapshot) {
    fill(500);
    index();
    const auto q = random_vector();
    const std::string sql = "SELECT id FROM items ORDER BY emb <-> ? LIMIT 3";
    const auto ask = [&](data::EngineTransaction& in) { return run_in(in, request(sql, {q})); };
    {
        const auto quiet = begin();
        const double before = searches();
        EXPECT_EQ(ask(*quiet).rows, run(sql, {q}).rows);
        EXPECT_EQ(searches(), before + 2);
        // From here on its snapshot is an old one.
        must("DELETE FROM items WHERE id <= 250");
        const auto old = exactly(request("SELECT count(*) FROM items"));
        EXPECT_EQ(old.integer(), 250);
        EXPECT_EQ(run_in(*quiet, request("SELECT count(*) FROM items")).integer(), 500);
        const double now = searches();
        EXPECT_EQ(ask(*quiet).rows.size(), 3U);
        EXPECT_EQ(
            run_in(*quiet, request("SELECT count(*) FROM hnsw_search('items.emb', ?, 400)", {q}))
                .integer(),
            400);
        EXPECT_EQ(searches(), now);
        (void)run_task(quiet->commit());
    }
    const auto writing = begin_writing();
    const double before = searches();
    (void)ask(*writing);
    EXPECT_EQ(searches(), before + 1);
    ASSERT_TRUE(run_in(*writing, request("INSERT INTO items VALUES (9999, 'x', 0, ?)", {q})).ok());
    EXPECT_EQ(ask(*writing).integer(), 9999);
    EXPECT_EQ(run_in(*writing, request("SELECT row_id FROM hnsw_search('items_near', ?, 1)", {q}))
                  .integer(),
              9999);
    EXPECT_NE(run(sql, {q}).integer(), 9999);
    EXPECT_EQ(run_in(*writing, "CREATE INDEX j ON items USING hnsw (emb)").reason(), "sql_error");
    EXPECT_EQ(run_in(*writing, "DROP INDEX items_near").reason(), "sql_error");
    ASSERT_TRUE(run_task(writing->commit()));
    EXPECT_EQ(run(sql, {q}).integer(), 9999);
}

TEST_F(SqlNearestTest, SearchIsATableForJoins) {
    fill();
    index();
    const auto q = random_vector();
    const auto truth =
        exactly(request("SELECT id, emb <-> ?1 FROM items ORDER BY emb <-> ?1 LIMIT 6", {q}));
    const double before = searches();
    const auto found = near("SELECT * FROM hnsw_search('items.emb', ?, 6, 3000)", {q});
    EXPECT_GT(searches(), before);
    ASSERT_TRUE(found.ok()) << found.message();
    EXPECT_EQ(found.rows, truth.rows);
    EXPECT_EQ(found.columns[0].name, "row_id");
    EXPECT_EQ(found.columns[1].name, "distance");
    const auto joined = near(
        "SELECT i.tag, h.distance FROM hnsw_search('items_near', ?, 6, 3000) h "
        "JOIN items i ON i.rowid = h.rowid WHERE h.distance >= 0 ORDER BY h.distance",
        {q});
    ASSERT_TRUE(joined.ok()) << joined.message();
    EXPECT_EQ(joined.rows.size(), 6U);
    // For each of several rows the nearest two, one of which is itself.
    const auto each = near(
        "SELECT i.id, h.row_id FROM items i, hnsw_search('items.emb', i.emb, 2, 200) h "
        "WHERE i.id <= 20 ORDER BY i.id, h.distance",
        {});
    ASSERT_TRUE(each.ok()) << each.message();
    ASSERT_EQ(each.rows.size(), 40U);
    for (std::size_t i = 0; i < 40; i += 2)
        EXPECT_EQ(each.integer(i, 0), each.integer(i, 1));
    // On the writer every row is compared.
    must("CREATE TABLE kept (id INTEGER, d REAL)");
    const auto written =
        run("INSERT INTO kept SELECT row_id, distance FROM hnsw_search('items.emb', ?, 6)", {q});
    ASSERT_TRUE(written.ok()) << written.message();
    EXPECT_EQ(run("SELECT * FROM kept ORDER BY d").rows, truth.rows);
}

TEST_F(SqlNearestTest, SearchGivesKeysAndTellsMistakes) {
    must("CREATE TABLE named (name TEXT PRIMARY KEY, v VECTOR(2))");
    must("INSERT INTO named VALUES ('x', ARRAY[1, 0]), ('y', ARRAY[0, 1]), ('none', NULL)");
    must("CREATE INDEX \"na.me\" ON named USING hnsw (v) WITH (metric = 'cosine')");
    const auto keys = run("SELECT row_id, rowid FROM hnsw_search('na.me', '[1,0.1]', 5)");
    ASSERT_TRUE(keys.ok()) << keys.message();
    ASSERT_EQ(keys.rows.size(), 2U);
    EXPECT_EQ(keys.text(0), "x");
    EXPECT_EQ(keys.integer(0, 1), 1);
    EXPECT_EQ(run("SELECT * FROM hnsw_search('named.v', NULL, 5)").rows.size(), 0U);
    const auto reason = [&](const std::string& arguments) {
        return run("SELECT * FROM hnsw_search(" + arguments + ")").reason();
    };
    EXPECT_EQ(reason("'named.x', '[1,0]', 5"), "no_such_index");
    EXPECT_EQ(reason("'named.v', '[1,0,0]', 5"), "dimension_mismatch");
    EXPECT_EQ(reason("'named.v', 'nothing', 5"), "not_a_vector");
    EXPECT_EQ(reason("'named.v', 17, 5"), "not_a_vector");
    EXPECT_EQ(reason("'named.v', '[1,0]', 0"), "sql_error");
    EXPECT_EQ(reason("'named.v', '[1,0]', 5, 20000"), "sql_error");
    EXPECT_EQ(reason("'named.v', '[1,0]'"), "sql_error");
    EXPECT_EQ(error_of("SELECT * FROM hnsw_search"), "sql_error");
    EXPECT_EQ(error_of("CREATE TABLE hnsw_search (x)"), "statement_not_allowed");
}

TEST_F(SqlNearestTest, ReadsItsIndexAfterARestart) {
    fill();
    index();
    const auto q = random_vector();
    const auto wanted = request("SELECT id FROM items ORDER BY emb <-> ? LIMIT 5", {q});
    const auto truth = exactly(wanted);
    close();
    open();
    const double before = searches();
    EXPECT_EQ(run(wanted).rows, truth.rows);
    EXPECT_GT(searches(), before + 1);
    // What became of the index when its table was renamed, the rows stay the same.
    must("ALTER TABLE items RENAME TO things");
    EXPECT_EQ(run("SELECT id FROM things ORDER BY emb <-> ? LIMIT 5", {q}).rows, truth.rows);
    must("DROP TABLE things");
    EXPECT_EQ(run("SELECT * FROM hnsw_search('things.emb', ?, 5)", {q}).reason(), "no_such_index");
}

// While rows come and go there are always as many as wanted, each once, each of them there.
TEST_F(SqlNearestTest, WritersAtTheSameTime) {
    fill();
    index();
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        std::mt19937 random(kSeed + 1);
        std::normal_distribution<float> normal;
        for (std::int64_t id = 10'000; !stop; ++id) {
            std::vector<float> values(kDimensions);
            for (float& value : values)
                value = normal(random);
            (void)run("INSERT INTO items VALUES (?, 'w', 1, ?)", {id, blob(values)});
            if (id % 2 == 0) (void)run("DELETE FROM items WHERE id = ?", {id - 1});
        }
    });
    for (int i = 0; i < 200; ++i) {
        const bool table = i % 2 == 0;
        const auto found =
            near(table ? "SELECT row_id FROM hnsw_search('items.emb', ?, 20)"
                       : "SELECT id FROM items WHERE n < 5 ORDER BY emb <-> ? LIMIT 20",
                 {random_vector()});
        EXPECT_TRUE(found.ok()) << found.message();
        std::set<std::int64_t> ids;
        for (std::size_t row = 0; row < found.rows.size(); ++row)
            ids.insert(found.integer(row));
        EXPECT_EQ(ids.size(), 20U);
    }
    stop = true;
    writer.join();
}

}  // namespace
}  // namespace zs::sqlite_data
