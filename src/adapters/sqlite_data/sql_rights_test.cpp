#include "adapters/sqlite_data/engine_test.hpp"

namespace zs::sqlite_data {
namespace {

using identity::Resource;
using identity::Right;
using identity::Rights;
using identity::RightSet;

class SqlRightsTest : public EngineTest {
protected:
    void SetUp() override {
        must("CREATE TABLE open(a INTEGER PRIMARY KEY, b TEXT)");
        must("CREATE TABLE secret(a INTEGER PRIMARY KEY, b TEXT)");
        must("INSERT INTO open VALUES (1,'x')");
        must("INSERT INTO secret VALUES (1,'hidden')");
    }

    static Rights tables(RightSet rights) {
        Rights made;
        made.set(Resource::Tables, rights);
        return made;
    }
    // All rights on `open`, none on anything else.
    static Rights only_open() {
        Rights made;
        made.set_table("open", RightSet::all());
        return made;
    }
    void expect_denied(const Rights& rights, const std::string& sql, const std::string& needs) {
        const auto answer = run_as(rights, sql);
        EXPECT_EQ(answer.reason(), "permission_denied") << sql << ": " << answer.message();
        EXPECT_NE(answer.message().find(needs), std::string::npos) << sql << answer.message();
    }
    void expect_allowed(const Rights& rights, const std::string& sql) {
        const auto answer = run_as(rights, sql);
        EXPECT_TRUE(answer.ok()) << sql << ": " << answer.message();
    }
};

TEST_F(SqlRightsTest, EachOperationNeedsItsRight) {
    const auto reader = tables({Right::Read});
    expect_allowed(reader, "SELECT * FROM open");
    expect_denied(reader, "INSERT INTO open VALUES (2,'y')", "tables:create");
    expect_denied(reader, "UPDATE open SET b='y'", "tables:update");
    expect_denied(reader, "DELETE FROM open", "tables:delete");
    expect_denied(reader, "CREATE TABLE n(a)", "tables:create");
    expect_denied(reader, "ALTER TABLE open ADD COLUMN c", "tables:update");
    expect_denied(reader, "DROP TABLE open", "tables:delete");
    expect_denied(reader, "CREATE INDEX i ON open(b)", "indexes:create");
    expect_denied(reader, "CREATE VIEW v AS SELECT 1", "tables:create");
    expect_denied(reader, "CREATE TRIGGER g AFTER INSERT ON open BEGIN SELECT 1; END",
                  "tables:create");
    expect_denied(reader, "CREATE VIRTUAL TABLE f USING fts5(a)", "tables:create");
    expect_denied(reader, "ANALYZE", "tables:update");
    expect_denied(tables({}), "SELECT * FROM open", "tables:read");
    expect_denied(tables({}), "SELECT count(*) FROM open", "tables:read");
    expect_denied(tables({}), "SELECT 1 FROM sqlite_schema", "tables:read");
    expect_allowed(tables({}), "SELECT 1");
}

TEST_F(SqlRightsTest, EachRightIsEnoughForItsOperation) {
    expect_allowed(tables({Right::Create}), "INSERT INTO open VALUES (2,'y')");
    expect_allowed(tables({Right::Create}), "CREATE TABLE n(a INTEGER PRIMARY KEY AUTOINCREMENT)");
    expect_allowed(tables({Right::Create}), "CREATE TABLE m(a UNIQUE, b REFERENCES open(a))");
    expect_allowed(tables({Right::Update, Right::Read}), "UPDATE open SET b='z' WHERE a=2");
    expect_allowed(tables({Right::Delete, Right::Read}), "DELETE FROM open WHERE a=2");
    expect_allowed(tables({Right::Update, Right::Read}), "ALTER TABLE open ADD COLUMN c");
    expect_allowed(tables({Right::Delete}), "DROP TABLE n");
    Rights indexer;
    indexer.set(Resource::Indexes, RightSet::all());
    expect_denied(indexer, "CREATE INDEX i ON open(b)", "tables:read");
    expect_denied(indexer, "CREATE INDEX i ON open(abs(b))", "tables:read");
    expect_denied(tables({Right::Update}),
                  "ALTER TABLE open ADD COLUMN g AS (json_extract(b,'$')) NOT NULL", "tables:read");
    indexer.set(Resource::Tables, {Right::Read});
    expect_allowed(indexer, "CREATE INDEX i ON open(b)");
    expect_allowed(indexer, "REINDEX i");
    expect_allowed(indexer, "DROP INDEX i");
    expect_allowed(tables(RightSet::all()), "ANALYZE");
}

TEST_F(SqlRightsTest, ReadingInsideAWriteNeedsTheRightToRead) {
    const auto writer = tables({Right::Create, Right::Update, Right::Delete});
    expect_denied(writer, "UPDATE open SET b='y' WHERE b='x'", "tables:read");
    expect_denied(writer, "INSERT INTO open SELECT * FROM secret", "tables:read");
    expect_denied(writer, "CREATE TABLE copy AS SELECT * FROM secret", "tables:read");
    must("CREATE TABLE copy(a INTEGER PRIMARY KEY, b TEXT)");
    must("CREATE TRIGGER g AFTER INSERT ON open BEGIN INSERT INTO copy SELECT * FROM secret; END");
    expect_denied(writer, "INSERT INTO copy SELECT * FROM secret", "tables:read");
    expect_denied(writer, "INSERT INTO open VALUES (8,'fires g')", "tables:read");
    must("DROP TRIGGER g");
    expect_denied(writer, "INSERT INTO open VALUES (9,'y') RETURNING b", "tables:read");
    expect_denied(writer, "DELETE FROM open WHERE a IN (SELECT a FROM secret)", "tables:read");
}

TEST_F(SqlRightsTest, ATableRecordStandsForThatTableOnly) {
    const auto rights = only_open();
    expect_allowed(rights, "SELECT * FROM OPEN");
    expect_allowed(rights, "INSERT INTO open VALUES (5,'y')");
    expect_denied(rights, "SELECT * FROM secret", "tables:read on 'secret'");
    expect_denied(rights, "SELECT (SELECT b FROM secret)", "secret");
    expect_denied(rights, "SELECT 1 FROM open WHERE EXISTS (SELECT 1 FROM secret)", "secret");
    expect_denied(rights, "WITH s AS (SELECT * FROM secret) SELECT * FROM s", "secret");
    expect_denied(rights, "SELECT * FROM open UNION SELECT * FROM secret", "secret");
    expect_denied(rights, "EXPLAIN SELECT * FROM secret", "secret");
    expect_denied(rights, "PRAGMA table_info(secret)", "secret");
    expect_denied(rights, "SELECT * FROM pragma_table_info('secret')", "secret");
    expect_denied(rights, "PRAGMA table_list", "tables:read");
    expect_denied(rights, "SELECT sql FROM sqlite_schema", "tables:read");
    Rights all_but = tables(RightSet::all());
    all_but.set_table("SECRET", {});
    expect_denied(all_but, "SELECT * FROM secret", "secret");
    expect_allowed(all_but, "SELECT * FROM open");
}

TEST_F(SqlRightsTest, AConflictClauseNeedsTheRightToChange) {
    const auto creator = tables({Right::Create, Right::Read});
    const auto both = tables({Right::Create, Right::Update, Right::Read});
    const std::string upsert =
        "INSERT INTO open VALUES (1,'new') ON CONFLICT(a) DO UPDATE SET b=excluded.b";
    expect_denied(creator, upsert, "tables:update");
    expect_denied(creator, "REPLACE INTO open VALUES (1,'new')", "tables:update");
    expect_denied(creator, "INSERT OR REPLACE INTO open VALUES (1,'new')", "tables:update");
    EXPECT_EQ(run("SELECT b FROM open WHERE a=1").text(), "x");
    expect_allowed(creator, "INSERT OR REPLACE INTO open VALUES (100,'no conflict')");
    expect_allowed(creator, "INSERT INTO open VALUES (1,'new') ON CONFLICT DO NOTHING");
    expect_allowed(both, upsert);
    expect_allowed(both, "REPLACE INTO open VALUES (1,'newer')");
    must("CREATE TABLE sly(a INTEGER PRIMARY KEY ON CONFLICT REPLACE, b)");
    must("INSERT INTO sly VALUES (1,'x')");
    expect_denied(creator, "INSERT INTO sly VALUES (1,'y')", "tables:update");
    EXPECT_EQ(run("SELECT b FROM sly").text(), "x");
}

TEST_F(SqlRightsTest, ACachedStatementIsCheckedForEachCaller) {
    const std::string read = "SELECT b FROM secret WHERE a = 1";
    const std::string write = "UPDATE secret SET b='seen' WHERE a=1";
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(run(read).ok());
        ASSERT_TRUE(run(write).ok());
        expect_denied(only_open(), read, "secret");
        expect_denied(only_open(), write, "secret");
    }
}

TEST_F(SqlRightsTest, AViewNeedsTheRightsOnWhatItReads) {
    must("CREATE VIEW v AS SELECT b FROM secret");
    Rights rights = only_open();
    rights.set_table("v", {Right::Read});
    expect_denied(rights, "SELECT * FROM v", "secret");
    rights.set_table("secret", {Right::Read});
    expect_allowed(rights, "SELECT * FROM v");
}

TEST_F(SqlRightsTest, AViewThatChangesIsAuthorisedAnew) {
    must("CREATE VIEW v AS SELECT b FROM open");
    Rights rights = only_open();
    rights.set_table("v", {Right::Read});
    const std::string sql = "SELECT * FROM v";
    for (int i = 0; i < 6; ++i)
        expect_allowed(rights, sql);  // cached on the reader
    must("DROP VIEW v");
    must("CREATE VIEW v AS SELECT b FROM secret");
    for (int i = 0; i < 3; ++i)
        expect_denied(rights, sql, "secret");
    ASSERT_TRUE(run(sql).ok());
    expect_denied(rights, sql, "secret");
}

TEST_F(SqlRightsTest, ATriggerRunsWithTheRightsOfWhoFiresIt) {
    must("CREATE TRIGGER g AFTER INSERT ON open BEGIN DELETE FROM secret; END");
    expect_denied(only_open(), "INSERT INTO open VALUES (7,'y')", "secret");
    EXPECT_EQ(run("SELECT count(*) FROM secret").integer(), 1);
    must("CREATE TRIGGER h AFTER DELETE ON open BEGIN DELETE FROM sqlite_sequence; END");
    EXPECT_FALSE(run("DELETE FROM open").ok());
}

TEST_F(SqlRightsTest, FullTextTablesWorkAndKeepTheirSecrets) {
    must("CREATE VIRTUAL TABLE docs USING fts5(body, content='secret', content_rowid='a')");
    Rights rights = only_open();
    rights.set_table("docs", RightSet::all());
    expect_denied(rights, "SELECT * FROM docs", "secret");
    EXPECT_TRUE(run("SELECT rowid FROM docs WHERE docs MATCH 'hidden'").ok());
    expect_denied(rights, "SELECT * FROM docs", "secret");
    must("CREATE VIRTUAL TABLE notes USING fts5(body)");
    rights.set_table("notes", {Right::Create});
    expect_denied(rights, "INSERT INTO notes(notes) VALUES ('delete-all')", "tables:update");
    rights.set_table("notes", {Right::Create, Right::Update});
    expect_denied(rights, "INSERT INTO notes VALUES ('hello world')", "tables:delete");
    rights.set_table("notes", {Right::Create, Right::Update, Right::Delete});
    expect_allowed(rights, "INSERT INTO notes VALUES ('hello world')");
    expect_denied(rights, "SELECT * FROM notes_content", "notes");
    expect_denied(rights, "SELECT * FROM notes", "notes");
    rights.set_table("notes", {Right::Read});
    expect_allowed(rights, "SELECT * FROM notes WHERE notes MATCH 'hello'");
    must("DROP TABLE notes");
}

TEST_F(SqlRightsTest, EveryFormOfExternalContentNeedsTheRightToReadIt) {
    must("CREATE VIEW v AS SELECT a, b FROM secret");
    const auto creator = tables({Right::Create, Right::Update, Right::Delete});
    expect_denied(creator, "CREATE VIRTUAL TABLE f USING fts5(b, content='secret')", "secret");
    expect_denied(creator, "CREATE VIRTUAL TABLE f USING fts5(b, c='secret')", "secret");
    expect_denied(creator, "CREATE VIRTUAL TABLE f USING fts5(b, CONT = [secret])", "secret");
    for (const char* sql :
         {"CREATE VIRTUAL TABLE f USING fts5(b, conte='v')",
          "CREATE VIRTUAL TABLE f USING fts5(b, c='sqlite_schema')",
          "CREATE VIRTUAL TABLE f USING fts5(b, tokenize='c=open', c='secret')"}) {
        EXPECT_EQ(run(sql).reason(), "statement_not_allowed") << sql;
    }
    expect_allowed(creator, "CREATE VIRTUAL TABLE f USING fts5(b, content='')");
    // The ordinary table may become something else later.
    must("CREATE TABLE base(b)");
    must("CREATE VIRTUAL TABLE g USING fts5(b, c='base')");
    must("DROP TABLE base");
    must("CREATE VIEW base AS SELECT rowid, b FROM secret");
    EXPECT_EQ(run("SELECT * FROM g").reason(), "statement_not_allowed");
}

TEST_F(SqlRightsTest, SystemTablesKeepTheirSecretsInDefinitionsToo) {
    must("CREATE INDEX i ON secret(b)");
    must("ANALYZE");
    must("CREATE VIEW s AS SELECT sql FROM sqlite_schema");
    for (const char* sql :
         {"SELECT * FROM sqlite_stat1", "SELECT * FROM sqlite_stat4", "DROP TABLE sqlite_stat1",
          "CREATE TABLE x AS SELECT * FROM sqlite_stat4"}) {
        EXPECT_EQ(run(sql).reason(), "statement_not_allowed") << sql;
    }
    Rights creator = tables({Right::Create});
    creator.set_table("s", RightSet::all());
    expect_denied(creator, "CREATE TABLE x AS SELECT sql FROM sqlite_schema", "tables:read");
    expect_denied(creator, "CREATE TABLE x AS SELECT sql FROM sqlite_master", "tables:read");
    expect_denied(creator, "CREATE TABLE x AS SELECT * FROM s", "tables:read");
    expect_allowed(creator, "CREATE TABLE x(a UNIQUE)");
    must("CREATE TABLE y AS SELECT sql FROM sqlite_schema");
    must("DROP TABLE secret");
}

}  // namespace
}  // namespace zs::sqlite_data
