#include "adapters/sqlite_data/engine_test.hpp"
#include "adapters/sqlite_data/tenant_database.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "async/io_runtime.hpp"

#include <algorithm>
#include <thread>

namespace zs::sqlite_data {
namespace {

using data::TextMode;
using identity::Resource;
using identity::Right;
using identity::Rights;

class TextIndexTest : public EngineTest {
protected:
    TextIndexTest() { loops_.start(); }

    SqliteTextIndexes indexes() { return SqliteTextIndexes(*engine_, pool_, loops_.executor()); }

    Result<data::TextBuild> build(std::string table, std::vector<std::string> columns,
                                  data::TextTokenizer tokenizer = data::TextTokenizer::Unicode) {
        data::TextIndexDefinition definition;
        definition.table = std::move(table);
        definition.columns = std::move(columns);
        definition.tokenizer = tokenizer;
        auto all = indexes();
        return testing::run_task(all.build(request("").tenant, std::move(definition)));
    }

    Result<std::vector<data::TextHit>> search(std::string query, TextMode mode = TextMode::All,
                                              std::size_t top_k = 10, std::string table = "books") {
        data::TextQuery wanted;
        wanted.tenant = request("").tenant;
        wanted.table = std::move(table);
        wanted.expression = data::text_expression(query, mode).value();
        wanted.top_k = top_k;
        auto all = indexes();
        return testing::run_task(all.search(std::move(wanted)));
    }

    std::vector<std::int64_t> found(std::string query, TextMode mode = TextMode::All) {
        const auto hits = search(std::move(query), mode);
        EXPECT_TRUE(hits.has_value()) << (hits ? "" : hits.error().message);
        std::vector<std::int64_t> ids;
        if (hits) {
            for (const auto& hit : *hits)
                ids.push_back(hit.row_id);
        }
        return ids;
    }

    std::string reason_of(const std::string& query, TextMode mode = TextMode::All) {
        const auto hits = search(query, mode);
        return hits ? "" : hits.error().reason;
    }

    // As a restart in the middle of the filling leaves it.
    void cut_filling() {
        auto database = testing::run_task(engine_->database(request("").tenant)).value();
        auto cut = [](sqlite::Connection& connection) {
            return connection.execute("UPDATE _zs_text_indexes SET ready=0, filled_to=1");
        };
        ASSERT_TRUE(testing::run_task(database->writer().run(std::move(cut))).has_value());
    }

    async::IoRuntime loops_{1};

    void make_books() {
        must("CREATE TABLE books(id INTEGER PRIMARY KEY, title TEXT UNIQUE, summary TEXT)");
        must(
            "INSERT INTO books VALUES (1,'The Storm','A ship at sea'),"
            "(2,'Quiet Rooms','A sea of silence, and more sea'),(3,'Bread','Salt and oven')");
        const auto built = build("BOOKS", {"Title", "summary"});
        ASSERT_TRUE(built.has_value()) << built.error().message;
        EXPECT_EQ(built->info.rows, 3U);
        EXPECT_EQ(built->info.definition.table, "books") << "as it was created";
        EXPECT_FALSE(built->replaced);
    }
};

using Ids = std::vector<std::int64_t>;

TEST_F(TextIndexTest, FindsAndRanks) {
    make_books();
    EXPECT_EQ(found("sea"), (Ids{2, 1})) << "twice is better than once";
    EXPECT_EQ(found("sea ship"), Ids{1});
    EXPECT_EQ(found("ship salt", TextMode::Any), (Ids{3, 1})) << "the shorter text counts more";
    EXPECT_EQ(found("at sea", TextMode::Phrase), Ids{1});
    EXPECT_EQ(found("title : storm OR bread", TextMode::Expression), (Ids{3, 1}));
    EXPECT_TRUE(found("nothing").empty());
    EXPECT_EQ(search("sea", TextMode::All, 1)->size(), 1U);
    EXPECT_GT(search("sea")->at(0).score, 0);
    EXPECT_EQ(reason_of("title : (", TextMode::Expression), "invalid_text_query");
    EXPECT_EQ(reason_of("author : x", TextMode::Expression), "invalid_text_query");
}

TEST_F(TextIndexTest, FollowsEveryWrite) {
    make_books();
    must("INSERT INTO books VALUES (4,'Harbour','The last ship')");
    EXPECT_EQ(found("ship", TextMode::All).size(), 2U);
    must("UPDATE books SET summary='A train' WHERE id=4");
    EXPECT_EQ(found("ship"), Ids{1});
    EXPECT_EQ(found("train"), Ids{4});
    must("UPDATE books SET id=40 WHERE id=4");
    EXPECT_EQ(found("train"), Ids{40});
    must(
        "INSERT INTO books VALUES (40,'Harbour','A plane') "
        "ON CONFLICT(id) DO UPDATE SET summary=excluded.summary");
    EXPECT_EQ(found("plane"), Ids{40});
    EXPECT_TRUE(found("train").empty());
    must("INSERT OR REPLACE INTO books VALUES (40,'Harbour','A bicycle')");
    EXPECT_EQ(found("bicycle"), Ids{40});
    EXPECT_TRUE(found("plane").empty());
    must("INSERT OR IGNORE INTO books VALUES (41,'Harbour','A kite')");
    EXPECT_TRUE(found("kite").empty());
    must("DELETE FROM books WHERE id=40");
    EXPECT_TRUE(found("bicycle").empty());
    must("DELETE FROM books");
    EXPECT_TRUE(found("sea", TextMode::Any).empty());
}

TEST_F(TextIndexTest, ARowThatReplaceRemovedDoesNotComeBackUnderItsNumber) {
    make_books();
    must("INSERT OR REPLACE INTO books VALUES (9,'The Storm','Elsewhere')");  // removes row 1
    must("INSERT OR IGNORE INTO books VALUES (1,'New','Something new')");
    EXPECT_EQ(found("new"), Ids{1});
    EXPECT_TRUE(found("ship").empty()) << "what row 1 was before";
}

TEST_F(TextIndexTest, TransactionsTakeTheirWordsWithThem) {
    make_books();
    auto transaction = begin_writing();
    const auto inserted = run_in(*transaction, "INSERT INTO books VALUES (5,'X','volcano')");
    EXPECT_TRUE(inserted.ok()) << inserted.message();
    EXPECT_TRUE(found("volcano").empty()) << "not committed yet";
    testing::run_task(transaction->rollback());
    EXPECT_TRUE(found("volcano").empty());
    transaction = begin_writing();
    EXPECT_TRUE(run_in(*transaction, "INSERT INTO books VALUES (5,'X','volcano')").ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_EQ(found("volcano"), Ids{5});
}

// The triggers belong to the server: a writer needs no right beyond their own statement's.
TEST_F(TextIndexTest, WritersNeedNoMoreRightsThanBefore) {
    make_books();
    Rights create;
    create.set(Resource::Tables, {Right::Create});
    EXPECT_TRUE(run_as(create, "INSERT INTO books VALUES (6,'Y','comet')").ok())
        << run_as(create, "INSERT INTO books VALUES (6,'Y','comet')").message();
    EXPECT_EQ(found("comet"), Ids{6});
    Rights change;
    change.set(Resource::Tables, {Right::Read, Right::Update});
    EXPECT_TRUE(run_as(change, "UPDATE books SET summary='orbit' WHERE id=6").ok());
    EXPECT_EQ(found("orbit"), Ids{6});
    EXPECT_FALSE(run_as(change, "DELETE FROM books WHERE id=6").ok());
}

TEST_F(TextIndexTest, NobodyReachesItsTables) {
    make_books();
    must("CREATE VIEW peek AS SELECT * FROM _zs_text_1");
    must("CREATE VIEW peek_data AS SELECT * FROM _zs_text_1_data");
    for (const char* sql :
         {"SELECT * FROM _zs_text_1", "SELECT * FROM _zs_text_1('sea')", "SELECT * FROM peek",
          "SELECT * FROM peek_data", "SELECT * FROM _zs_text_1_data",
          "INSERT INTO _zs_text_1(_zs_text_1) VALUES ('delete-all')", "DELETE FROM _zs_text_1",
          "DROP TABLE _zs_text_1", "DROP TABLE _zs_text_1_data", "DROP TRIGGER _zs_text_1_i",
          "DROP TABLE _zs_text_indexes", "UPDATE _zs_text_indexes SET ready=0",
          "ALTER TABLE _zs_text_1 RENAME TO mine", "CREATE TABLE _zs_text_2(a)",
          "CREATE TRIGGER _zs_text_9 AFTER INSERT ON books BEGIN SELECT 1; END"}) {
        const auto answer = run(sql);
        EXPECT_EQ(answer.reason(), "statement_not_allowed") << sql << ": " << answer.message();
    }
    EXPECT_EQ(found("sea"), (Ids{2, 1}));
}

TEST_F(TextIndexTest, GoesWithItsTableAndFollowsItsName) {
    make_books();
    must("ALTER TABLE books RENAME TO tomes");
    EXPECT_EQ(reason_of("sea"), "no_such_index");
    EXPECT_EQ(search("sea", TextMode::All, 10, "tomes")->size(), 2U);
    must("INSERT INTO tomes VALUES (8,'Z','sea again')");
    EXPECT_EQ(search("sea", TextMode::All, 10, "tomes")->size(), 3U);
    const auto dropped = run("ALTER TABLE tomes DROP COLUMN summary");
    EXPECT_FALSE(dropped.ok()) << "an index needs it";
    must("DROP TABLE tomes");
    auto all = indexes();
    EXPECT_TRUE(testing::run_task(all.list(request("").tenant))->empty());
    make_books();
    EXPECT_EQ(found("sea"), (Ids{2, 1})) << "nothing of the old one is left";
}

TEST_F(TextIndexTest, GoesWithATableThatATransactionDrops) {
    make_books();
    auto transaction = begin_writing();
    EXPECT_TRUE(run_in(*transaction, "DROP TABLE books").ok());
    testing::run_task(transaction->rollback());
    EXPECT_EQ(found("sea"), (Ids{2, 1}));
    transaction = begin_writing();
    EXPECT_TRUE(run_in(*transaction, "DROP TABLE books").ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
    auto all = indexes();
    EXPECT_TRUE(testing::run_task(all.list(request("").tenant))->empty());
}

TEST_F(TextIndexTest, IsThereAfterARestartAndCanBeReplacedAndDropped) {
    make_books();
    restart();
    EXPECT_EQ(found("sea"), (Ids{2, 1}));
    const auto again = build("books", {"summary"}, data::TextTokenizer::Porter);
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->replaced);
    EXPECT_EQ(found("ships"), Ids{1}) << "endings are cut off";
    EXPECT_TRUE(found("storm").empty()) << "the title is not in it any more";
    auto all = indexes();
    const auto listed = testing::run_task(all.list(request("").tenant)).value();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].rows, 3U);
    EXPECT_TRUE(listed[0].ready);
    EXPECT_TRUE(testing::run_task(all.drop(request("").tenant, "Books")).has_value());
    EXPECT_EQ(reason_of("sea"), "no_such_index");
    EXPECT_EQ(testing::run_task(all.drop(request("").tenant, "books")).error().reason,
              "no_such_index");
    must("INSERT INTO books VALUES (7,'still','writable')");
}

TEST_F(TextIndexTest, FillsInPiecesWhatIsAlreadyThere) {
    must("CREATE TABLE books(id INTEGER PRIMARY KEY, title TEXT)");
    must(
        "WITH RECURSIVE n(i) AS (SELECT -1500 UNION ALL SELECT i+1 FROM n WHERE i < 1999) "
        "INSERT INTO books SELECT i, 'word' || i || CASE WHEN i % 700 = 0 THEN ' rare' ELSE '' END"
        " FROM n");
    const auto built = build("books", {"title"}, data::TextTokenizer::Unicode);
    ASSERT_TRUE(built.has_value()) << built.error().message;
    EXPECT_EQ(built->info.rows, 3500U);
    auto rare = found("rare");
    std::ranges::sort(rare);
    EXPECT_EQ(rare, (Ids{-1400, -700, 0, 700, 1400}));
}

TEST_F(TextIndexTest, AFillingThatWasCutOffGoesOnWhenItsIndexIsLookedAt) {
    make_books();
    for (const bool by_search : {true, false}) {
        cut_filling();
        auto all = indexes();
        data::TextQuery query;
        query.tenant = request("").tenant;
        query.table = "books";
        query.expression = "sea";
        const auto is_ready = [&] {
            if (!by_search) return testing::run_task(all.list(query.tenant))->at(0).ready;
            const auto hits = testing::run_task(all.search(query));
            EXPECT_EQ(hits ? "" : hits.error().reason, hits ? "" : "index_building");
            return hits.has_value();
        };
        EXPECT_FALSE(is_ready()) << "by search: " << by_search;
        while (!is_ready())
            std::this_thread::yield();
        EXPECT_EQ(found("sea"), (Ids{2, 1}));
    }
}

TEST_F(TextIndexTest, SaysWhatCannotBeIndexed) {
    must("CREATE TABLE t(a TEXT, rank TEXT)");
    must("CREATE TABLE w(a TEXT PRIMARY KEY) WITHOUT ROWID");
    must("CREATE VIEW v AS SELECT a FROM t");
    must("CREATE VIRTUAL TABLE f USING fts5(a)");
    must("CREATE TABLE h(rowid TEXT, a TEXT)");
    const auto reason = [&](const char* table, const char* column) {
        const auto built = build(table, {column});
        return built ? std::string() : built.error().reason;
    };
    EXPECT_EQ(reason("missing", "a"), "no_such_table");
    EXPECT_EQ(reason("_zs_text_indexes", "a"), "no_such_table");
    EXPECT_EQ(reason("sqlite_schema", "name"), "no_such_table");
    EXPECT_EQ(reason("t", "b"), "no_such_column");
    EXPECT_EQ(reason("t", "rank"), "not_indexable");
    EXPECT_EQ(reason("w", "a"), "not_indexable");
    EXPECT_EQ(reason("v", "a"), "not_indexable");
    EXPECT_EQ(reason("f", "a"), "not_indexable");
    EXPECT_EQ(reason("h", "a"), "not_indexable");
    EXPECT_EQ(reason("t", "A"), "");
}

TEST_F(TextIndexTest, OddNamesAndValuesDoNoHarm) {
    must(R"(CREATE TABLE "a ""table'" ("the ""title'" TEXT))");
    const auto built = build("a \"table'", {"the \"title'"});
    ASSERT_TRUE(built.has_value()) << built.error().message;
    must(R"(INSERT INTO "a ""table'" VALUES ('word'), (NULL), (x'00ff'), (7))");
    EXPECT_EQ(search("word", TextMode::All, 10, "a \"table'")->size(), 1U);
    EXPECT_EQ(search("7", TextMode::All, 10, "a \"table'")->size(), 1U);
}

}  // namespace
}  // namespace zs::sqlite_data
