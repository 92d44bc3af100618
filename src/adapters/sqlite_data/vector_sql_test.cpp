#include "adapters/sqlite_data/engine_test.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace zs::sqlite_data {
namespace {

std::string bytes_of(const std::vector<float>& numbers) {
    std::string bytes(numbers.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
}

data::Blob blob_of(const std::vector<float>& numbers) {
    data::Blob blob;
    blob.bytes = bytes_of(numbers);
    return blob;
}

class VectorSql : public EngineTest {
protected:
    VectorSql() { must("CREATE TABLE docs (id INTEGER PRIMARY KEY, emb VECTOR(3), note TEXT)"); }
    double real(const Answer& answer, std::size_t row = 0, std::size_t column = 0) {
        const auto* found = std::get_if<double>(&answer.rows.at(row).at(column));
        return found == nullptr ? -1e9 : *found;
    }
    std::vector<float> vector(const Answer& answer, std::size_t row = 0, std::size_t column = 0) {
        const auto* blob = std::get_if<data::Blob>(&answer.rows.at(row).at(column));
        std::vector<float> numbers(blob == nullptr ? 0 : blob->bytes.size() / sizeof(float));
        if (!numbers.empty()) {
            std::memcpy(numbers.data(), blob->bytes.data(), numbers.size() * sizeof(float));
        }
        return numbers;
    }
    void expect_refused(std::string sql, const std::string& reason,
                        std::vector<data::SqlValue> params = {}) {
        const Answer answer = run(sql, std::move(params));
        EXPECT_EQ(answer.reason(), reason) << sql << ": " << answer.message();
        if (!answer.ok()) {
            EXPECT_EQ(answer.summary.error().code, ErrorCode::InvalidArgument) << sql;
        }
    }
};

TEST_F(VectorSql, EveryWayInGivesTheSameBytes) {
    must("INSERT INTO docs VALUES (1, ARRAY[1, 2.5, -3], 'literal')");
    must("INSERT INTO docs VALUES (2, '[1, 2.5, -3]', 'text')");
    ASSERT_TRUE(run("INSERT INTO docs VALUES (3, ?, 'json')", {std::string("[1,2.5,-3]")}).ok());
    ASSERT_TRUE(run("INSERT INTO docs VALUES (4, ?, 'blob')", {blob_of({1, 2.5F, -3})}).ok());
    ASSERT_TRUE(run("INSERT INTO docs VALUES (5, ARRAY[?, 2.5, ?], '')",
                    {std::int64_t{1}, std::int64_t{-3}})
                    .ok());
    must("INSERT INTO docs SELECT 6, vec_from_json('[1,2.5,-3]'), ''");
    must("INSERT INTO docs SELECT 7, emb, note FROM docs WHERE id = 1");
    must("INSERT INTO docs VALUES (8, NULL, '')");
    must("UPDATE docs SET emb = '[1,2.5,-3]' WHERE id = 8");
    must("INSERT INTO docs VALUES (9, CAST('[1,2.5,-3]' AS VECTOR(3)), '')");
    must(
        "INSERT INTO docs (id, emb) VALUES (1, '[1,2.5,-3]') "
        "ON CONFLICT (id) DO UPDATE SET emb = excluded.emb");
    const auto answer = run("SELECT emb, typeof(emb), length(emb) FROM docs ORDER BY id");
    ASSERT_EQ(answer.rows.size(), 9U);
    for (std::size_t i = 0; i < 9; ++i) {
        EXPECT_EQ(vector(answer, i), (std::vector<float>{1, 2.5F, -3})) << i;
        EXPECT_EQ(answer.integer(i, 2), 12);
    }
    EXPECT_EQ(answer.columns[0].type, "VECTOR(3)");
    EXPECT_EQ(answer.columns[0].kind, data::ColumnKind::Vector);
}

TEST_F(VectorSql, AColumnHoldsNothingElse) {
    for (const auto* value : {"'[1,2]'", "ARRAY[1,2]", "ARRAY[1,2,3,4]", "x'00000000'"})
        expect_refused(std::string("INSERT INTO docs VALUES (1, ") + value + ", '')",
                       "dimension_mismatch");
    for (const auto* value :
         {"'abc'", "''", "'{}'", "'[1,2,\"3\"]'", "'[1,2,1e39]'", "'[1,null,3]'", "1", "2.5", "x''",
          "x'0000'", "'[[1,2,3]]'", "'[NaN,1,2]'", "x'0000807f0000803f0000803f'",
          "x'0000c07f0000803f0000803f'", "ARRAY['a',1,2]", "ARRAY[NULL,1,2]", "ARRAY[9e999+0,1,2]"})
        expect_refused(std::string("INSERT INTO docs VALUES (1, ") + value + ", '')",
                       "not_a_vector");
    // Ways around the conversion still meet the check.
    expect_refused("INSERT INTO docs SELECT 1, '[1,2,3]', ''", "not_a_vector");
    expect_refused("INSERT INTO docs SELECT 1, x'0000', ''", "not_a_vector");
    expect_refused("INSERT OR IGNORE INTO docs SELECT 1, 5, ''", "not_a_vector");
    must("CREATE TABLE source (t TEXT)");
    must(
        "CREATE TRIGGER copy AFTER INSERT ON source BEGIN "
        "INSERT INTO docs (emb) VALUES (new.t); END");
    expect_refused("INSERT INTO source VALUES ('[1,2,3]')", "not_a_vector");
    must("INSERT INTO docs VALUES (1, NULL, '')");
    expect_refused("UPDATE docs SET (note, emb) = (SELECT 'x', '[1,2,3]')", "not_a_vector");
    EXPECT_EQ(run("SELECT count(*) FROM docs").integer(), 1);
    const auto told = run("INSERT INTO docs VALUES (2, ?, '')", {std::string("[1,2]")});
    EXPECT_EQ(told.message(), "docs.emb takes vectors of 3 numbers; this one has 2");
    EXPECT_EQ(told.summary.error().details.at("expected"), 3);
    EXPECT_EQ(told.summary.error().details.at("given"), 2);
}

TEST_F(VectorSql, DistancesAreRight) {
    EXPECT_DOUBLE_EQ(real(run("SELECT ARRAY[0,0] <-> ARRAY[3,4]")), 5);
    EXPECT_NEAR(real(run("SELECT ARRAY[1,0] <=> ARRAY[0,2]")), 1, 1e-6);
    EXPECT_NEAR(real(run("SELECT ARRAY[1,1] <=> ARRAY[2,2]")), 0, 1e-6);
    EXPECT_NEAR(real(run("SELECT ARRAY[0,0] <=> ARRAY[2,2]")), 1, 0);
    EXPECT_DOUBLE_EQ(real(run("SELECT ARRAY[1,2] <#> ARRAY[3,4]")), -11);
    EXPECT_DOUBLE_EQ(real(run("SELECT vec_ip('[1,2]', '[3,4]')")), -11);
    EXPECT_DOUBLE_EQ(real(run("SELECT vec_norm('[3,4]')")), 5);
    EXPECT_DOUBLE_EQ(real(run("SELECT ARRAY[1e25] <-> ARRAY[-1e25]")), double(1e25F) * 2);
    EXPECT_EQ(run("SELECT vec_dims(ARRAY[1,2,3])").integer(), 3);
    EXPECT_EQ(run("SELECT vec_to_json(ARRAY[1,0.1])").text(), "[1,0.1]");
    EXPECT_EQ(run("SELECT json_array(vec_to_json(ARRAY[1,2]))").text(), "[[1,2]]");
    EXPECT_EQ(vector(run("SELECT vec_from_json('[1,2]')")), (std::vector<float>{1, 2}));
    for (const auto* sql :
         {"SELECT NULL <-> ARRAY[1]", "SELECT ARRAY[1] <=> NULL", "SELECT vec_norm(NULL)",
          "SELECT vec_dims(NULL)", "SELECT vec_to_json(NULL)", "SELECT vec_from_json(NULL)",
          "SELECT CAST(NULL AS VECTOR(2))"}) {
        const auto answer = run(sql);
        ASSERT_TRUE(answer.ok()) << sql << answer.message();
        EXPECT_TRUE(std::holds_alternative<std::monostate>(answer.rows[0][0])) << sql;
    }
    expect_refused("SELECT ARRAY[1] <-> ARRAY[1,2]", "dimension_mismatch");
    expect_refused("SELECT 5 <-> ARRAY[1]", "not_a_vector");
    expect_refused("SELECT x'00' <-> ARRAY[1]", "not_a_vector");
    expect_refused("SELECT 'x' <-> ARRAY[1]", "not_a_vector");
    expect_refused("SELECT x'0000c07f' <-> ARRAY[1]", "not_a_vector");
    expect_refused("SELECT CAST('[1,2]' AS VECTOR(3))", "dimension_mismatch");
}

TEST_F(VectorSql, VectorsAreShownAsSuch) {
    must("INSERT INTO docs VALUES (1, ARRAY[1,2,3], '')");
    must("CREATE VIEW v AS SELECT emb AS e FROM docs");
    auto answer =
        run("SELECT e, vec_from_json('[1]'), ARRAY[1,2], ARRAY[1,2] <-> ARRAY[1,3], "
            "x'00000000' FROM v");
    ASSERT_TRUE(answer.ok()) << answer.message();
    EXPECT_EQ(answer.columns[0].kind, data::ColumnKind::Vector);
    EXPECT_EQ(answer.columns[1].kind, data::ColumnKind::Vector);
    EXPECT_EQ(answer.columns[1].type, "VECTOR");
    EXPECT_EQ(answer.columns[2].kind, data::ColumnKind::Vector);
    EXPECT_EQ(answer.columns[2].name, "ARRAY[1,2]");
    EXPECT_EQ(answer.columns[3].kind, data::ColumnKind::Real);
    EXPECT_EQ(answer.columns[3].name, "ARRAY[1,2] <-> ARRAY[1,3]");
    EXPECT_EQ(answer.columns[4].kind, data::ColumnKind::Blob);
    answer = run("UPDATE docs SET emb = '[4,5,6]' RETURNING emb");
    EXPECT_EQ(answer.columns[0].kind, data::ColumnKind::Vector);
    EXPECT_EQ(vector(answer), (std::vector<float>{4, 5, 6}));
}

TEST_F(VectorSql, TheNearestAreTheNearest) {
    const auto seed = std::random_device{}();
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&] {
        return std::vector<float>{normal(engine), normal(engine), normal(engine)};
    };
    std::vector<std::pair<double, std::int64_t>> truth;
    const auto query = draw();
    for (std::int64_t id = 1; id <= 300; ++id) {
        const auto vector = draw();
        double squares = 0;
        for (std::size_t i = 0; i < 3; ++i)
            squares += std::pow(double(vector[i]) - double(query[i]), 2);
        truth.emplace_back(std::sqrt(squares), id);
        ASSERT_TRUE(run("INSERT INTO docs VALUES (?, ?, '')", {id, blob_of(vector)}).ok());
    }
    std::ranges::sort(truth);
    const auto answer =
        run("SELECT id, emb <-> ? AS distance FROM docs WHERE id % 2 >= 0 "
            "ORDER BY emb <-> ?1 LIMIT 10",
            {blob_of(query)});
    ASSERT_EQ(answer.rows.size(), 10U) << answer.message();
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(answer.integer(i, 0), truth[i].second) << "seed " << seed;
        EXPECT_NEAR(real(answer, i, 1), truth[i].first, 1e-5);
    }
}

TEST_F(VectorSql, ErrorsPointIntoTheCallersText) {
    const auto place = [&](const std::string& sql) {
        const auto answer = run(sql);
        EXPECT_FALSE(answer.ok()) << sql;
        const Error error = answer.summary.error();
        const auto* offset = error.details.if_contains("offset");
        return offset == nullptr ? std::string::npos : offset->to_number<std::size_t>();
    };
    const std::string syntax = "SELECT emb <-> ARRAY[1,2,3] FROM docs\nWHRE id = 1";
    const auto answer = run(syntax);
    EXPECT_EQ(answer.reason(), "sql_syntax_error");
    EXPECT_EQ(answer.summary.error().details.at("line"), 2);
    const std::string column = "SELECT ARRAY[1,2,3] <-> embb FROM docs";
    EXPECT_EQ(place(column), column.find("embb"));
    const std::string table = "SELECT ARRAY[1,2] <=> ARRAY[3,4] FROM docss";
    EXPECT_EQ(run(table).message(), "no such table: docss");
    const std::string insert = "INSERT INTO docs VALUES (1, '[1,2,3]', 'a' 'b')";
    EXPECT_EQ(place(insert), insert.find("'b'"));
}

TEST_F(VectorSql, DefinitionsOfEveryKind) {
    must("INSERT INTO docs VALUES (1, ARRAY[1,2,3], '')");
    const auto altered = run("ALTER TABLE docs ADD COLUMN more VECTOR(2)");
    ASSERT_TRUE(altered.ok()) << altered.message();
    EXPECT_TRUE(altered.columns.empty())
        << "the engine asks itself whether the rows pass the CHECK";
    EXPECT_FALSE(altered.summary->is_query);
    expect_refused("UPDATE docs SET more = ARRAY[1]", "dimension_mismatch");
    must("UPDATE docs SET more = '[1,2]'");
    must("ALTER TABLE docs RENAME COLUMN emb TO embedding");
    expect_refused("UPDATE docs SET embedding = '[1,2]'", "dimension_mismatch");
    must("UPDATE docs SET embedding = '[7,8,9]'");
    must("ALTER TABLE docs RENAME TO papers");
    must("UPDATE papers SET embedding = '[1,1,1]'");
    must(
        "CREATE TABLE w (k TEXT PRIMARY KEY, e VECTOR(1) NOT NULL DEFAULT (ARRAY[0])) "
        "WITHOUT ROWID");
    must("INSERT INTO w (k) VALUES ('a')");
    EXPECT_EQ(vector(run("SELECT e FROM w")), (std::vector<float>{0}));
    must("CREATE INDEX by_norm ON papers (vec_norm(embedding))");
    EXPECT_EQ(run("SELECT count(*) FROM papers WHERE vec_norm(embedding) > 1").integer(), 1);
    expect_refused("CREATE TABLE bad (e VECTOR)", "sql_syntax_error");
    expect_refused("CREATE TABLE bad (e VECTOR(8193))", "dimension_too_large");
    must("CREATE TABLE big (e VECTOR(8192))");
    const std::vector<float> long_vector(8192, 1);
    ASSERT_TRUE(run("INSERT INTO big VALUES (?)", {blob_of(long_vector)}).ok());
}

// A kept statement was rewritten for columns that may be others by now.
TEST_F(VectorSql, KeptStatementsFollowTheSchema) {
    const std::string insert = "INSERT INTO t VALUES (?)";
    must("CREATE TABLE t (e TEXT)");
    ASSERT_TRUE(run(insert, {std::string("[1,2]")}).ok());
    must("DROP TABLE t");
    must("CREATE TABLE t (e VECTOR(2))");
    ASSERT_TRUE(run(insert, {std::string("[1,2]")}).ok());
    EXPECT_EQ(run("SELECT length(e) FROM t").integer(), 8);
    must("DROP TABLE t");
    must("CREATE TABLE t (e TEXT)");
    ASSERT_TRUE(run(insert, {std::string("[1,2]")}).ok());
    EXPECT_EQ(run("SELECT e FROM t").text(), "[1,2]");
}

TEST_F(VectorSql, WorksInTransactions) {
    auto transaction = begin_writing();
    ASSERT_NE(transaction, nullptr);
    ASSERT_TRUE(run_in(*transaction, "CREATE TABLE t (e VECTOR(2))").ok());
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES ('[3,4]')").ok());
    EXPECT_EQ(run_in(*transaction, "INSERT INTO t VALUES ('[3]')").reason(), "dimension_mismatch");
    EXPECT_DOUBLE_EQ(real(run_in(*transaction, "SELECT e <-> ARRAY[0,0] FROM t")), 5);
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_EQ(run("SELECT length(e) FROM t").integer(), 8);
}

TEST_F(VectorSql, RightsAreThoseOfPlainSql) {
    must("INSERT INTO docs VALUES (1, ARRAY[1,2,3], '')");
    const std::string select = "SELECT emb <-> ARRAY[1,2,3] FROM docs";
    EXPECT_EQ(run_as(identity::Rights(), select).reason(), "permission_denied");
    identity::Rights reader;
    identity::RightSet read;
    read.add(identity::Right::Read);
    reader.set(identity::Resource::Tables, read);
    const auto answer = run_as(reader, select);
    EXPECT_TRUE(answer.ok()) << answer.message();
    EXPECT_EQ(run_as(reader, "UPDATE docs SET emb = '[1,2,3]'").reason(), "permission_denied");
}

TEST_F(VectorSql, LongArraysAndManyRows) {
    std::string array = "ARRAY[0.5";
    for (int i = 1; i < 4000; ++i)
        array += ",0.5";
    array += "]";
    must("CREATE TABLE wide (e VECTOR(4000))");
    must("INSERT INTO wide VALUES (" + array + ")");
    EXPECT_DOUBLE_EQ(real(run("SELECT e <-> " + array + " FROM wide")), 0);
    std::string many = "INSERT INTO docs (emb) VALUES (?)";
    std::vector<data::SqlValue> values{std::string("[1,2,3]")};
    for (int i = 1; i < 900; ++i) {
        many += ",(?)";
        values.emplace_back(std::string("[1,2,3]"));
    }
    EXPECT_TRUE(run(many, values).ok());
    EXPECT_EQ(run("SELECT count(*) FROM docs").integer(), 900);
}

}  // namespace
}  // namespace zs::sqlite_data
