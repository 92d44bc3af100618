#include "adapters/relational/file_catalog.hpp"

#include "adapters/relational/blob_ledger.hpp"
#include "contract/file_catalog_contract.hpp"
#include "support/test_databases.hpp"

namespace zs::testing {
namespace {

struct Home {
    explicit Home(relational::Dialect dialect) : database(TestDatabase::make(dialect)) {
        for (const char* org : {"acme", "other"})
            add_org(org);
    }
    void add_org(const char* id) {
        auto work = [id](relational::Session& session) {
            return session.execute_with(
                "insert into organizations (id, name, slug, plan, settings, is_active, created_at,"
                " updated_at) values (?, ?, ?, 'free', '{}', 1, 0, 0)",
                id, id, id);
        };
        if (!run_task(database->database().write(std::move(work)))) {
            throw std::runtime_error("cannot add an organization");
        }
    }
    std::unique_ptr<TestDatabase> database;
    relational::SqlFileCatalog catalog{database->database()};
    relational::SqlBlobLedger ledger{database->database()};
};

FilePorts fresh(relational::Dialect dialect) {
    static std::unique_ptr<Home> home;
    home.reset();
    home = std::make_unique<Home>(dialect);
    return {home->catalog, home->ledger};
}

FilePorts on_sqlite() {
    return fresh(relational::Dialect::Sqlite);
}
FilePorts on_postgres() {
    return fresh(relational::Dialect::Postgres);
}

INSTANTIATE_TEST_SUITE_P(Relational, FileCatalogContract,
                         ::testing::Values(FileCatalogFactory{"sqlite", on_sqlite},
                                           FileCatalogFactory{"postgres", on_postgres}),
                         file_catalog_name);

class FilesOfAnOrganization : public ::testing::TestWithParam<relational::Dialect> {};

TEST_P(FilesOfAnOrganization, GoWithIt) {
    Home home(GetParam());
    files::BlobInfo blob;
    blob.sha256 = Digest::from_raw(sha256("a"));
    ASSERT_TRUE(run_task(home.ledger.claim(blob, Timestamp(Millis(5)))));
    files::FileRecord record;
    record.tenant = {"acme", "live"};
    record.sha256 = blob.sha256;
    record.content_type = "text/plain";
    ASSERT_TRUE(run_task(home.catalog.grant(record)));
    ASSERT_TRUE(run_task(home.catalog.refer({record.tenant, blob.sha256, "job/1"})));
    auto work = [](relational::Session& session) {
        return session.execute_with("delete from organizations where id = 'acme'");
    };
    ASSERT_TRUE(run_task(home.database->database().write(std::move(work))));
    EXPECT_FALSE(run_task(home.catalog.find(record.tenant, blob.sha256))->has_value());
    const auto unused = run_task(home.ledger.condemn({blob.sha256}, Timestamp(Millis(9))));
    ASSERT_TRUE(unused);
    EXPECT_EQ(unused->size(), 1U) << "and its bytes are collected";
}

INSTANTIATE_TEST_SUITE_P(All, FilesOfAnOrganization, ::testing::ValuesIn(all_dialects()),
                         dialect_name);

}  // namespace
}  // namespace zs::testing
