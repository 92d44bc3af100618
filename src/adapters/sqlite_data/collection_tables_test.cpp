// What the tables behind collections promise beyond the ports: columns that hold what they say, and
// definitions that leave everything else alone.
#include "adapters/sqlite_data/engine_test.hpp"
#include "adapters/sqlite_data/sqlite_change_journal.hpp"
#include "adapters/sqlite_data/sqlite_collections.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "async/io_runtime.hpp"

#include <boost/json/parse.hpp>

namespace zs::sqlite_data {
namespace {

using testing::run_task;

class CollectionTablesTest : public EngineTest {
protected:
    CollectionTablesTest() { loops_.start(); }

    static std::optional<data::Projection> projection(const std::string& columns) {
        const std::string text = columns == "null" ? columns : R"({"columns":)" + columns + "}";
        auto read = data::read_projection(boost::json::parse(text), "c");
        EXPECT_TRUE(read) << (read ? "" : read.error().message);
        return read ? *read : std::nullopt;
    }
    void create(const std::string& columns) {
        data::Collection wanted;
        wanted.name = "c";
        wanted.projection = projection(columns);
        wanted.created_at = clock_.now();
        const auto made = run_task(collections_.create(tenant_, std::move(wanted)));
        ASSERT_TRUE(made) << made.error().message;
    }
    Result<data::ProjectedCollection> project(const std::string& columns) {
        return run_task(collections_.project(tenant_, "c", projection(columns)));
    }
    void drop() { ASSERT_TRUE(run_task(collections_.drop(tenant_, "c"))); }
    void index_vectors() {
        data::VectorIndexDefinition near;
        near.name = "near";
        near.table = "c";
        near.column = "v";
        ASSERT_TRUE(run_task(definitions_.put_definition(tenant_, near)));
    }
    void index_text(const std::string& column) {
        data::TextIndexDefinition words;
        words.table = "c";
        words.columns = {column};
        ASSERT_TRUE(run_task(text_.build(tenant_, words)));
    }
    std::size_t vector_indexes() {
        return run_task(definitions_.list_definitions(tenant_))->size();
    }
    std::size_t text_indexes() { return run_task(text_.list(tenant_))->size(); }

    const identity::Tenant tenant_ = request("").tenant;
    SystemClock clock_;
    async::IoRuntime loops_{1};
    SqliteCollections collections_{*engine_, clock_, loops_.executor()};
    SqliteVectorDefinitions definitions_{*engine_, pool_};
    SqliteTextIndexes text_{*engine_, pool_, loops_.executor()};
    SqliteChangeJournal journal_{*engine_, pool_};
};

// {"v":{"path":"v","type":"VECTOR(2)"}}
std::string vector_column(const std::string& name, int dimensions, const std::string& path) {
    return "\"" + name + R"(":{"path":")" + path + R"(","type":"VECTOR()"
           + std::to_string(dimensions) + ")\"}";
}
const std::string kVector = "{" + vector_column("v", 2, "v") + "}";
const std::string kOther = "{" + vector_column("v", 4, "other") + "}";
const std::string kTwo = "{" + vector_column("v", 2, "v") + "," + vector_column("w", 3, "w") + "}";

TEST_F(CollectionTablesTest, AProjectedVectorColumnHoldsNothingElse) {
    create(kVector);
    must("INSERT INTO c VALUES ('a', '2026-01-01T00:00:00Z', '{}', ARRAY[1, 2])");
    // INSERT … SELECT and rows out of a SELECT go past what converts values.
    const auto copy = [&](const std::string& value) {
        return run("INSERT INTO c SELECT 'b', _ts, doc, " + value + " FROM c").reason();
    };
    EXPECT_EQ(copy("x'0000803F'"), "dimension_mismatch");
    EXPECT_EQ(copy("x'0000C07F0000803F'"), "not_a_vector") << "NaN";
    EXPECT_EQ(copy("x'0000807F0000803F'"), "not_a_vector") << "infinity";
    EXPECT_EQ(copy("'[1,2]'"), "not_a_vector") << "text";
    EXPECT_EQ(copy("7"), "not_a_vector");
    EXPECT_EQ(copy("NULL"), "");
    EXPECT_EQ(copy("v"), "constraint_violation") << "the key is taken by now";
    EXPECT_EQ(run("UPDATE c SET (v) = (SELECT x'00')").reason(), "not_a_vector");

    const auto added = project(kTwo);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(run("UPDATE c SET (w) = (SELECT x'0000803F')").reason(), "dimension_mismatch");
    must("UPDATE c SET w = ARRAY[1, 2, 3]");
    ASSERT_TRUE(project(kVector)) << "a column with its check can go again";
    ASSERT_TRUE(project(kOther));
    EXPECT_EQ(run("UPDATE c SET v = ARRAY[1, 2]").reason(), "dimension_mismatch");
}

TEST_F(CollectionTablesTest, IndexesGoWithTheirColumnsAndTables) {
    create(kTwo);
    index_vectors();
    index_text("doc");
    ASSERT_TRUE(project(kVector));
    EXPECT_EQ(vector_indexes(), 1U) << "another column went";
    ASSERT_TRUE(project("null"));
    EXPECT_EQ(vector_indexes(), 0U);
    EXPECT_EQ(text_indexes(), 1U);
    ASSERT_TRUE(project(kVector));
    EXPECT_EQ(vector_indexes(), 0U) << "a new column of the same name has no index";
    index_vectors();
    drop();
    create(kVector);
    EXPECT_EQ(vector_indexes(), 0U);
    EXPECT_EQ(text_indexes(), 0U);
}

TEST_F(CollectionTablesTest, DefinitionsLeaveTheHistoryOfOtherTablesAlone) {
    must("CREATE TABLE other (a INTEGER PRIMARY KEY)");
    const auto mark = run_task(journal_.follow(tenant_, "other"));
    ASSERT_TRUE(mark);
    create("null");
    const auto own = run_task(journal_.follow(tenant_, "c"));
    ASSERT_TRUE(own);
    index_text("doc");
    const auto unbroken = run_task(journal_.changes_since(tenant_, "c", *own));
    EXPECT_TRUE(*unbroken) << "a full-text index changes no row";
    ASSERT_TRUE(project(kVector));
    const auto broken = run_task(journal_.changes_since(tenant_, "c", *own));
    EXPECT_FALSE(*broken) << "a new column may hold anything";
    drop();
    must("INSERT INTO other VALUES (7)");
    const auto changes = run_task(journal_.changes_since(tenant_, "other", *mark));
    ASSERT_TRUE(*changes);
    EXPECT_EQ((*changes)->row_ids, std::vector<std::int64_t>{7});
}

}  // namespace
}  // namespace zs::sqlite_data
