#include "adapters/sqlite_data/vector_sugar.hpp"

#include "adapters/sqlite_data/sql_tokens.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace zs::sqlite_data {
namespace {

constexpr std::size_t kDimensionsMax = 16;

VectorColumns with_docs() {
    VectorTable docs;
    docs.name = "docs";
    docs.columns = {"id", "emb", "note"};
    docs.vectors = {{"emb", 1, 3}};
    VectorColumns columns;
    columns.add(docs);
    return columns;
}

Result<std::optional<EditedSql>> rewrite(std::string_view sql) {
    auto rewritten = rewrite_vectors(sql, with_docs(), kDimensionsMax);
    if (!rewritten) return std::move(rewritten).error();
    return std::move(rewritten->text);
}

// For an index: the text, then what is asked of it. "=" when no index can answer.
std::string nearest(std::string_view sql) {
    const auto rewritten = rewrite_vectors(sql, with_docs(), kDimensionsMax);
    if (!rewritten) return "!" + std::string(rewritten.error().reason_text());
    if (!rewritten->nearest) return "=";
    return rewritten->nearest->text.text() + " | " + rewritten->nearest->arguments;
}

// The new text, "=" for an unchanged one, or "!" and the reason of the error.
std::string after(std::string_view sql) {
    auto edited = rewrite(sql);
    if (!edited) return "!" + std::string(edited.error().reason_text());
    return *edited ? (*edited)->text() : "=";
}

void expect_error(std::string_view sql, std::string_view reason, std::size_t offset) {
    auto edited = rewrite(sql);
    ASSERT_FALSE(edited.has_value()) << sql;
    EXPECT_EQ(edited.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(edited.error().reason, reason) << sql << ": " << edited.error().message;
    EXPECT_EQ(edited.error().details.at("offset").to_number<std::size_t>(), offset)
        << sql << ": " << edited.error().message;
}

TEST(VectorSugar, Distances) {
    EXPECT_EQ(after("SELECT a <-> ? FROM t"), "SELECT vec_l2(a , ?) FROM t");
    EXPECT_EQ(after("SELECT a<->b, a<=>b, a<#>b FROM t"),
              "SELECT vec_l2(a,b), vec_cosine(a,b), vec_ip(a,b) FROM t");
    EXPECT_EQ(after("SELECT 1 FROM t ORDER BY t.a <-> $1 LIMIT 5"),
              "SELECT 1 FROM t ORDER BY vec_l2(t.a , $1) NULLS LAST LIMIT 5");
    EXPECT_EQ(after("SELECT \"a b\".\"c\" <=> :q"), "SELECT vec_cosine(\"a b\".\"c\" , :q)");
    EXPECT_EQ(after("SELECT main.t.[x y]<->@q"), "SELECT vec_l2(main.t.[x y],@q)");
    EXPECT_EQ(after("SELECT f(a, (b)) <-> g(h(1)) < 0.5"),
              "SELECT vec_l2(f(a, (b)) , g(h(1))) < 0.5");
    EXPECT_EQ(after("SELECT (a) <-> (SELECT b FROM t LIMIT 1)"),
              "SELECT vec_l2((a) , (SELECT b FROM t LIMIT 1))");
    EXPECT_EQ(after("SELECT * FROM t WHERE (a <-> b) + 1 < 2 AND NOT a <=> c > 1"),
              "SELECT * FROM t WHERE (vec_l2(a , b)) + 1 < 2 AND NOT vec_cosine(a , c) > 1");
    EXPECT_EQ(after("SELECT a <-> '[1,2]' d"), "SELECT vec_l2(a , '[1,2]') d");
    EXPECT_EQ(after("SELECT x'00' <-> NULL"), "SELECT vec_l2(x'00' , NULL)");
    EXPECT_EQ(after("SELECT((a)<->(b))"), "SELECT(vec_l2((a),(b)))");
    EXPECT_EQ(after("SELECT max((a <-> b), (c <-> (SELECT d <#> e)))"),
              "SELECT max((vec_l2(a , b)), (vec_l2(c , (SELECT vec_ip(d , e)))))");
    EXPECT_EQ(after("SELECT a /* <-> */ <-> -- <=>\n b"),
              "SELECT vec_l2(a /* <-> */ , -- <=>\n b)");
}

TEST(VectorSugar, WhatADistanceCannotStandBeside) {
    expect_error("SELECT a <-> b + 1", "sql_syntax_error", 15);
    expect_error("SELECT 1 - a <=> b", "sql_syntax_error", 9);
    expect_error("SELECT a <-> b <-> c", "sql_syntax_error", 15);
    expect_error("SELECT a || b <-> c", "sql_syntax_error", 9);
    expect_error("SELECT a <-> -b", "sql_syntax_error", 13);
    expect_error("SELECT -a <-> b", "sql_syntax_error", 7);
    expect_error("SELECT a -> 'x' <-> b", "sql_syntax_error", 9);
    expect_error("SELECT <-> b", "sql_syntax_error", 0);
    expect_error("SELECT a <->", "sql_syntax_error", 9);
    expect_error("<-> a", "sql_syntax_error", 0);
    expect_error("SELECT a <-> FROM t", "sql_syntax_error", 13);
    expect_error("SELECT a WHERE <-> b", "sql_syntax_error", 9);
    expect_error("SELECT CASE WHEN 1 THEN a END <-> b", "sql_syntax_error", 26);
    expect_error("SELECT a <-> CASE WHEN 1 THEN b END", "sql_syntax_error", 13);
    expect_error("SELECT sum(a) OVER (ORDER BY b) <-> c", "sql_syntax_error", 30);
    expect_error("SELECT a <-> sum(b) FILTER (WHERE 1)", "sql_syntax_error", 13);
    expect_error("SELECT a <-> (b", "sql_syntax_error", 13);
    expect_error("SELECT a) <-> b", "sql_syntax_error", 8);
    expect_error("SELECT a <-> 'open", "sql_syntax_error", 13);
}

TEST(VectorSugar, AWordBeforeAParenthesisIsNotAlwaysAFunction) {
    EXPECT_EQ(after("SELECT 1 WHERE (a) <-> b < 1"), "SELECT 1 WHERE vec_l2((a) , b) < 1");
    EXPECT_EQ(after("SELECT 1 ORDER BY (a) <-> b"), "SELECT 1 ORDER BY vec_l2((a) , b) NULLS LAST");
    EXPECT_EQ(after("SELECT CASE WHEN (a)<->b THEN (c)<->d ELSE (e)<->f END"),
              "SELECT CASE WHEN vec_l2((a),b) THEN vec_l2((c),d) ELSE vec_l2((e),f) END");
    EXPECT_EQ(after("VALUES ((a)<->(b))"), "VALUES (vec_l2((a),(b)))");
}

TEST(VectorSugar, Arrays) {
    EXPECT_EQ(after("SELECT ARRAY[1, -2.5]"), "SELECT vec(x'0000803f000020c0')");
    EXPECT_EQ(after("SELECT array[0]"), "SELECT vec(x'00000000')");
    EXPECT_EQ(after("SELECT Array[+1,.5,5.,1e-400]"),
              "SELECT vec(x'0000803f0000003f0000a04000000000')");
    EXPECT_EQ(after("SELECT ARRAY[1,2]<->ARRAY[?,2]"),
              "SELECT vec_l2(vec(x'0000803f00000040'),vec_array(?,2))");
    EXPECT_EQ(after("SELECT ARRAY[(SELECT max(x) FROM [t y]), f(1,2), \"q\"]"),
              "SELECT vec_array((SELECT max(x) FROM [t y]), f(1,2), \"q\")");
    EXPECT_EQ(after("SELECT ARRAY[a<->b, 1]"), "SELECT vec_array(vec_l2(a,b), 1)");
    EXPECT_EQ(after("SELECT ARRAY[']', 1]"), "SELECT vec_array(']', 1)");
    EXPECT_EQ(after("SELECT ARRAY[0x10]"), "SELECT vec_array(0x10)");
    expect_error("SELECT ARRAY[]", "not_a_vector", 13);
    expect_error("SELECT ARRAY[1,,2]", "not_a_vector", 15);
    expect_error("SELECT ARRAY[1,2,]", "not_a_vector", 17);
    expect_error("SELECT ARRAY[1, 1e39]", "not_a_vector", 16);
    expect_error("SELECT ARRAY[1, 2", "sql_syntax_error", 7);
    expect_error("SELECT ARRAY[(1]", "sql_syntax_error", 7);
    expect_error("SELECT ARRAY[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", "dimension_too_large",
                 7);
}

TEST(VectorSugar, WhatOnlyLooksLikeAnArray) {
    EXPECT_EQ(after("SELECT array [1, 2] FROM t"), "=");  // a column and its alias
    EXPECT_EQ(after("SELECT t.array[x] FROM t"), "=");    // the same
    EXPECT_EQ(after("SELECT 'ARRAY[1]', \"ARRAY[1]\", `ARRAY[1]`, [ARRAY[1]"), "=");
    EXPECT_EQ(after("SELECT subarray[1]"), "=");
    EXPECT_EQ(after("SELECT 1 -- ARRAY[1]"), "=");
    EXPECT_EQ(after("SELECT 1 /* ARRAY[1] */"), "=");
}

TEST(VectorSugar, Casts) {
    EXPECT_EQ(after("SELECT CAST(a AS VECTOR(3))"), "SELECT vec_cast(a ,3)");
    EXPECT_EQ(after("SELECT cast(? as vector( 3 )) <-> b"), "SELECT vec_l2(vec_cast(? ,3) , b)");
    EXPECT_EQ(after("SELECT CAST(a AS TEXT), b AS vector"), "=");
    expect_error("SELECT CAST(a AS VECTOR)", "sql_syntax_error", 17);
    expect_error("SELECT CAST(a AS VECTOR(0))", "sql_syntax_error", 24);
}

TEST(VectorSugar, Definitions) {
    EXPECT_EQ(after("CREATE TABLE t (id INTEGER PRIMARY KEY, e VECTOR(3) NOT NULL, x TEXT)"),
              "CREATE TABLE t (id INTEGER PRIMARY KEY, e VECTOR(3) CHECK (vec_check(e,3)) NOT "
              "NULL, x TEXT)");
    EXPECT_EQ(after("create temp table if not exists main.\"t\" (\"a \"\"b\" vector (2))"),
              "create temp table if not exists main.\"t\" (\"a \"\"b\" vector (2) CHECK "
              "(vec_check(\"a \"\"b\",2)))");
    EXPECT_EQ(after("CREATE TABLE t ('it''s' VECTOR(2))"),
              "CREATE TABLE t ('it''s' VECTOR(2) CHECK (vec_check(\"it's\",2)))");
    EXPECT_EQ(after("ALTER TABLE t ADD COLUMN e VECTOR(4)"),
              "ALTER TABLE t ADD COLUMN e VECTOR(4) CHECK (vec_check(e,4))");
    EXPECT_EQ(after("ALTER TABLE main.t ADD e VECTOR(4) DEFAULT ARRAY[0,0,0,0]"),
              "ALTER TABLE main.t ADD e VECTOR(4) CHECK (vec_check(e,4)) DEFAULT "
              "vec(x'00000000000000000000000000000000')");
    EXPECT_EQ(after("CREATE TABLE vector (vector TEXT, b INT, CHECK (b), CONSTRAINT vector "
                    "CHECK (b))"),
              "=");
    EXPECT_EQ(after("CREATE TABLE vector AS SELECT 1"), "=");
    EXPECT_EQ(after("CREATE VIEW vector(vector) AS SELECT 1"), "=");
    EXPECT_EQ(after("ALTER TABLE vector RENAME COLUMN add TO vector"), "=");
    EXPECT_EQ(after("SELECT vector, vector(3) FROM vector"), "=");
    expect_error("CREATE TABLE t (e VECTOR)", "sql_syntax_error", 18);
    expect_error("CREATE TABLE t (e VECTOR(0))", "sql_syntax_error", 25);
    expect_error("CREATE TABLE t (e VECTOR(3.5))", "sql_syntax_error", 25);
    expect_error("CREATE TABLE t (e VECTOR(2,3))", "sql_syntax_error", 18);
    expect_error("CREATE TABLE t (e VECTOR(17))", "dimension_too_large", 25);
    expect_error("CREATE TABLE t (e VECTOR(99999999999999999999))", "dimension_too_large", 25);
    expect_error("ALTER TABLE t ADD e VECTOR", "sql_syntax_error", 20);
    expect_error("CREATE INDEX i ON t USING hnsw (e)", "sql_error", 20);
    expect_error("SET hnsw.ef_search = 10", "sql_error", 0);
}

TEST(VectorSugar, WhatHasNoVectorIsTheFarthest) {
    EXPECT_EQ(after("SELECT 1 FROM t ORDER BY b, ((a <=> b)) ASC, c"),
              "SELECT 1 FROM t ORDER BY b, ((vec_cosine(a , b))) ASC NULLS LAST, c");
    EXPECT_EQ(after("SELECT sum(x) OVER (ORDER BY a <-> b)"),
              "SELECT sum(x) OVER (ORDER BY vec_l2(a , b) NULLS LAST)");
    for (const std::string_view tail :
         {"ORDER BY a <-> b DESC", "ORDER BY a <-> b NULLS FIRST", "ORDER BY f(a <-> b)",
          "ORDER BY f(c, a <-> b)", "ORDER BY (a <-> b) + 1", "GROUP BY a <-> b",
          "WHERE x IN (1, a <-> b)", "LIMIT 1, a <-> b"}) {
        const std::string text = after("SELECT 1 FROM t " + std::string(tail));
        EXPECT_EQ(text.find("NULLS LAST"), std::string::npos) << text;
    }
}

TEST(VectorSugar, NearestRows) {
    EXPECT_EQ(nearest("SELECT id FROM docs ORDER BY emb <-> ? LIMIT 5"),
              "SELECT id FROM docs  WHERE docs.rowid IN (SELECT row_id FROM _zs_nearest) ORDER BY "
              "_zs_counted(vec_l2(emb , ?)) NULLS LAST LIMIT 5 | SELECT vec_from_json(?1), 5, 0, "
              "(SELECT max(rowid) FROM docs)");
    EXPECT_EQ(
        nearest("select emb <=> :q as d from main.\"Docs\" x where note = 'a' or id > 2 "
                "order by d limit :n offset :m;"),
        "select vec_cosine(emb , :q) as d from main.\"Docs\" x where x.rowid IN (SELECT "
        "row_id FROM _zs_nearest) AND (note = 'a' or id > 2) order by _zs_counted(d) NULLS "
        "LAST limit :n offset :m; | SELECT vec_from_json(:q), :n, :m, (SELECT max(rowid) FROM "
        "\"Docs\")");
    EXPECT_EQ(
        nearest("SELECT ?, id FROM docs WHERE id > ?5 ORDER BY (ARRAY[1,?,3] <#> docs.emb) "
                "ASC NULLS LAST LIMIT ?, ?"),
        "SELECT ?, id FROM docs WHERE docs.rowid IN (SELECT row_id FROM _zs_nearest) AND (id "
        "> ?5) ORDER BY _zs_counted((vec_ip(vec_array(1,?,3) , docs.emb))) ASC NULLS LAST "
        "LIMIT ?, ? | SELECT vec_from_json(ARRAY[1,?6,3]), ?8, ?7, (SELECT max(rowid) FROM docs)");
    EXPECT_EQ(nearest("EXPLAIN QUERY PLAN SELECT 1 FROM docs ORDER BY emb<->'[1]' LIMIT 1")
                  .find("EXPLAIN QUERY PLAN SELECT 1 FROM docs  WHERE docs.rowid IN"),
              0U);
}

TEST(VectorSugar, OtherFormsAreLeftAlone) {
    for (const std::string_view sql :
         {"SELECT id FROM docs ORDER BY emb <-> ?",
          "SELECT id FROM other ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs ORDER BY note <-> ? LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> emb LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> note LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> \"[1]\" LIMIT 5",
          "SELECT id FROM docs ORDER BY other.emb <-> ? LIMIT 5",
          "SELECT id FROM docs d ORDER BY docs.emb <-> ? LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> f(?) LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> ? LIMIT 5 + 1",
          "SELECT id FROM docs ORDER BY emb <-> ? LIMIT -1",
          "SELECT id FROM docs ORDER BY emb <-> ? LIMIT (5)",
          "SELECT id FROM docs ORDER BY emb <-> ? LIMIT 5 OFFSET id",
          "SELECT id FROM docs ORDER BY emb <-> ? COLLATE nocase LIMIT 5",
          "SELECT id FROM docs ORDER BY (emb <-> ?) + 1 LIMIT 5",
          "SELECT id FROM docs ORDER BY vec_l2(emb, ?) LIMIT 5",
          "SELECT id FROM docs, other ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs AS a AS b ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM temp.docs ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs(1) ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs NOT INDEXED ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs WHERE ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs WHERE id IN (SELECT 1) ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs GROUP BY id ORDER BY emb <-> ? LIMIT 5",
          "SELECT DISTINCT id FROM docs ORDER BY emb <-> ? LIMIT 5",
          "SELECT COUNT (*) FROM docs ORDER BY emb <-> ? LIMIT 5",
          "SELECT emb <-> ? AS note FROM docs ORDER BY note LIMIT 5",
          "SELECT emb <-> ? AS d, 1 AS d FROM docs ORDER BY d LIMIT 5",
          "SELECT id FROM docs WHERE id = :a ORDER BY emb <-> ? LIMIT 5",
          "SELECT id FROM docs ORDER BY emb <-> ? LIMIT 5; SELECT 1",
          "INSERT INTO other SELECT id FROM docs ORDER BY emb <-> ? LIMIT 5",
          "CREATE VIEW v AS SELECT id FROM docs ORDER BY emb <-> '[1]' LIMIT 5"}) {
        EXPECT_EQ(nearest(sql), "=") << sql;
    }
}

TEST(VectorSugar, ValuesOfInserts) {
    const std::string tail = ",3,'docs.emb')";
    EXPECT_EQ(after("INSERT INTO docs VALUES (1, ?, 'x')"),
              "INSERT INTO docs VALUES (1, vec_column(?" + tail + ", 'x')");
    EXPECT_EQ(after("insert or replace into main.\"DOCS\" as d (note, Emb) values ('a', '[1]'), "
                    "(b, c)"),
              "insert or replace into main.\"DOCS\" as d (note, Emb) values ('a', "
              "vec_column('[1]'"
                  + tail + "), (b, vec_column(c" + tail + ")");
    EXPECT_EQ(after("REPLACE INTO docs (emb) VALUES (?)"),
              "REPLACE INTO docs (emb) VALUES (vec_column(?" + tail + ")");
    EXPECT_EQ(after("WITH x(a) AS (SELECT 1) INSERT INTO docs(emb) VALUES ((SELECT a FROM x))"),
              "WITH x(a) AS (SELECT 1) INSERT INTO docs(emb) VALUES (vec_column((SELECT a FROM x)"
                  + tail + ")");
    EXPECT_EQ(after("EXPLAIN QUERY PLAN INSERT INTO docs(emb) VALUES (?);"),
              "EXPLAIN QUERY PLAN INSERT INTO docs(emb) VALUES (vec_column(?" + tail + ");");
    EXPECT_EQ(after("INSERT INTO docs VALUES (1, ARRAY[1,2,3], '')"),
              "INSERT INTO docs VALUES (1, vec(x'0000803f0000004000004040'), '')");
    EXPECT_EQ(after("INSERT INTO docs VALUES (1, ARRAY[?,2,3], '')"),
              "INSERT INTO docs VALUES (1, vec_column(vec_array(?,2,3)" + tail + ", '')");
    EXPECT_EQ(after("INSERT INTO other VALUES (1, ?)"), "=");
    EXPECT_EQ(after("INSERT INTO docs (id, note) VALUES (1, ?)"), "=");
    EXPECT_EQ(after("INSERT INTO docs DEFAULT VALUES"), "=");
    EXPECT_EQ(after("INSERT INTO docs SELECT 1, x, 2 FROM y"), "=");
    EXPECT_EQ(after("SELECT * FROM docs WHERE emb = ?"), "=");
    EXPECT_EQ(after("INSERT INTO docs VALUES (1, ?"), "=");
    EXPECT_EQ(after("INSERT INTO docs VALUES (1)"), "=");
    expect_error("INSERT INTO docs VALUES (1, ARRAY[1,2], '')", "dimension_mismatch", 28);
    EXPECT_EQ(rewrite("INSERT INTO docs VALUES (1, ARRAY[1,2], '')").error().message,
              "docs.emb takes vectors of 3 numbers; this one has 2");
}

TEST(VectorSugar, ValuesOfUpdates) {
    const std::string tail = ",3,'docs.emb')";
    EXPECT_EQ(after("UPDATE docs SET emb = ? WHERE id = 1"),
              "UPDATE docs SET emb = vec_column(?" + tail + " WHERE id = 1");
    EXPECT_EQ(after("UPDATE OR IGNORE main.docs AS d SET note = 'a, b', \"EMB\" = f(1, 2), id = 3"),
              "UPDATE OR IGNORE main.docs AS d SET note = 'a, b', \"EMB\" = vec_column(f(1, 2)"
                  + tail + ", id = 3");
    EXPECT_EQ(after("UPDATE docs SET note = a IS DISTINCT FROM b, emb = x FROM y"),
              "UPDATE docs SET note = a IS DISTINCT FROM b, emb = vec_column(x" + tail + " FROM y");
    EXPECT_EQ(after("UPDATE docs SET (note, emb) = ('x', ?)"),
              "UPDATE docs SET (note, emb) = ('x', vec_column(?" + tail + ")");
    EXPECT_EQ(after("UPDATE docs SET (note, emb) = (SELECT 1, 2)"), "=");
    EXPECT_EQ(after("UPDATE docs SET note = 1 WHERE emb = 2"), "=");
    EXPECT_EQ(after("UPDATE docs SET emb = a <-> b"),
              "UPDATE docs SET emb = vec_column(vec_l2(a , b)" + tail);
    EXPECT_EQ(after("INSERT INTO docs (id, emb) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET emb = "
                    "excluded.emb, note = 'n' WHERE 1 RETURNING emb <-> ?"),
              "INSERT INTO docs (id, emb) VALUES (1, vec_column(?" + tail
                  + ") ON CONFLICT (id) DO UPDATE SET emb = vec_column(excluded.emb" + tail
                  + ", note = 'n' WHERE 1 RETURNING vec_l2(emb , ?)");
    expect_error("UPDATE docs SET emb = ARRAY[1]", "dimension_mismatch", 22);
}

TEST(VectorSugar, LeavesEverythingElseAlone) {
    for (const auto* sql :
         {"SELECT 'a <-> b', \"a <=> b\", `<#>`, [<->]", "SELECT 1 /* a <-> b */ -- <=>",
          "SELECT a < -b, a <= b, a -> b, a < - > b", "/* <-> ", "'<->", "", ";", "[<->",
          "SELECT '''<->''' , \"\"\"<=>\"\"\"", "SELECT x'<->'", "CREATE TABLE v (a TEXT)"}) {
        EXPECT_EQ(after(sql), "=") << sql;
    }
    // The engine reads nothing behind a NUL byte.
    EXPECT_EQ(after(std::string_view("SELECT 1\0<->", 12)), "=");
}

// Any text of tokens that are no sugar stays as it is.
TEST(VectorSugar, PlainTextIsUnchanged) {
    constexpr std::array<std::string_view, 30> kPieces = {"SELECT",
                                                          "a",
                                                          "<",
                                                          "->",
                                                          "->>",
                                                          "- ",
                                                          "> ",
                                                          "=",
                                                          "(",
                                                          ")",
                                                          ",",
                                                          "'<->'",
                                                          "\"<=>\"",
                                                          "[<#>]",
                                                          "`ARRAY[1]`",
                                                          "-- <->\n",
                                                          "/* <=> */",
                                                          "?",
                                                          "$1",
                                                          ":x",
                                                          "1",
                                                          "x'00'",
                                                          ".",
                                                          ";",
                                                          "FROM",
                                                          "vectors",
                                                          "array",
                                                          "INSERT INTO t VALUES",
                                                          "UPDATE t SET a=",
                                                          "WHERE"};
    std::mt19937 engine(std::random_device{}());
    for (int round = 0; round < 20'000; ++round) {
        std::string sql;
        const auto length = engine() % 12;
        for (unsigned i = 0; i < length; ++i)
            sql += std::string(kPieces[engine() % kPieces.size()]) + " ";
        ASSERT_EQ(after(sql), "=") << sql;
    }
}

TEST(VectorSugar, PlacesLeadBackToTheOriginal) {
    const std::string sql = "SELECT a <-> ARRAY[1,2], wrong here";
    const auto edited = rewrite(sql);
    ASSERT_TRUE(edited.has_value() && edited->has_value());
    const EditedSql& text = **edited;
    EXPECT_EQ(text.original_offset(text.text().find("wrong")), sql.find("wrong"));
    EXPECT_EQ(text.original_offset(text.text().size()), sql.size());
    EXPECT_EQ(text.original_offset(0), 0U);
    EXPECT_EQ(text.original_offset(text.text().find("vec(x") + 3), sql.find("ARRAY"));
    EXPECT_EQ(text.original_of("vec_l2(a , vec(x'0000803f00000040'))"), "a <-> ARRAY[1,2]");
    for (std::size_t at = 0, before = 0; at <= text.text().size(); ++at) {
        EXPECT_GE(text.original_offset(at), before);
        before = text.original_offset(at);
    }
}

TEST(SqlTokens, AreCutAsTheEngineCuts) {
    const Tokens tokens("a1$ 1.5e-3 .5 0xAF 'it''s' \"q\"\"\" x'00' ?12 $a::b @x >= || b.c");
    const std::vector<std::string> wanted = {"a1$",       "1.5e-3", ".5",  "0xAF",  "'it''s'",
                                             "\"q\"\"\"", "x'00'",  "?12", "$a::b", "@x",
                                             ">=",        "||",     "b",   ".",     "c"};
    ASSERT_EQ(tokens.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_EQ(tokens.text(i), wanted[i]);
    EXPECT_EQ(tokens.name(5), "q\"");
    EXPECT_EQ(tokens[6].kind, TokenKind::Blob);
    EXPECT_EQ(Tokens("'open")[0].kind, TokenKind::Broken);
    EXPECT_EQ(Tokens("\xEF\xBB\xBFSELECT").text(0), "SELECT");
}

}  // namespace
}  // namespace zs::sqlite_data
