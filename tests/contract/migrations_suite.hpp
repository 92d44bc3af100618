#pragma once

#include "adapters/relational/migrations.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"
#include "support/test_databases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

// What the Migrator does on every dialect (workflows.md, conformance 61).
namespace zs::relational {

class MigrationsContract : public ::testing::TestWithParam<Dialect> {
protected:
    Database& db() { return home_->database(); }

    static std::vector<MigrationFile> files() {
        return {{"001_people.up.sql",
                 "create table people (id ${INT64} primary key, name text not null);"
                 "create unique index people_name on people (name);"},
                {"001_people.down.sql", "drop table people;"},
                {"002_pets.up.sql",
                 "create table pets (id ${INT64} primary key, photo ${BLOB},"
                 " owner ${INT64} not null references people (id));"
                 "insert into people values (1, 'first');"},
                {"002_pets.down.sql", "drop table pets; delete from people where id = 1;"},
                {"003_toys.up.sql", "create table toys (id ${INT64} primary key);"},
                {"003_toys.down.sql", "drop table toys;"}};
    }
    Migrator migrator(std::vector<MigrationFile> from = files()) {
        auto made = assemble_migrations(from, GetParam());
        if (!made) throw std::runtime_error(made.error().message);
        return Migrator(db(), clock_, std::move(*made));
    }
    static std::vector<int> versions(const Result<std::vector<MigrationStep>>& steps) {
        if (!steps) throw std::runtime_error(steps.error().message);
        std::vector<int> out;
        for (const auto& step : *steps)
            out.push_back(step.version);
        return out;
    }
    std::vector<int> up(MigrationRange range = {}) {
        return versions(testing::run_task(migrator().up(range)));
    }
    std::vector<int> down(MigrationRange range = {}) {
        return versions(testing::run_task(migrator().down(range)));
    }
    std::string states(Migrator which) {
        auto status = testing::run_task(which.status());
        if (!status) throw std::runtime_error(status.error().message);
        std::string out;
        for (const auto& entry : *status) {
            out += std::to_string(entry.version) + ":" + std::string(to_text(entry.state)) + " ";
            EXPECT_EQ(entry.applied_at.has_value(), entry.state != MigrationState::Pending);
        }
        return out;
    }
    // Everything that makes up the schema, as text.
    std::string schema() {
        const char* sql =
            GetParam() == Dialect::Sqlite
                ? "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_master"
                  " order by type, name"
                : "select c.relname || ' ' || a.attname || ' ' ||"
                  " format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull"
                  " from pg_attribute a join pg_class c on c.oid = a.attrelid"
                  " where c.relnamespace = 'public'::regnamespace and a.attnum > 0"
                  " union all select pg_get_constraintdef(oid) from pg_constraint"
                  " where connamespace = 'public'::regnamespace"
                  " union all select indexdef from pg_indexes where schemaname = 'public'"
                  " order by 1";
        auto work = [sql](Session& session) { return session.query(sql, {}); };
        auto rows = testing::run_task(db().read(work));
        if (!rows) throw std::runtime_error(rows.error().message);
        std::string out;
        for (const auto& row : *rows)
            out += row.text(0) + "\n";
        return out;
    }

    std::unique_ptr<testing::TestDatabase> home_ =
        testing::TestDatabase::make(GetParam(), testing::Schema::Empty);
    ManualClock clock_;
};

using Versions = std::vector<int>;

TEST_P(MigrationsContract, UpUpStatusDownUp) {
    EXPECT_EQ(states(migrator()), "1:pending 2:pending 3:pending ");
    EXPECT_EQ(up(), (Versions{1, 2, 3}));
    const auto first = schema();
    EXPECT_NE(first.find("people_name"), std::string::npos);
    EXPECT_EQ(up(), Versions{});
    EXPECT_EQ(states(migrator()), "1:applied 2:applied 3:applied ");
    auto status = testing::run_task(migrator().status());
    EXPECT_EQ(status->front().applied_at, clock_.now());
    EXPECT_EQ(status->front().name, "people");
    EXPECT_TRUE(is_up_to_date(*status));

    MigrationRange everything;
    everything.to = 0;
    EXPECT_EQ(down(everything), (Versions{3, 2, 1}));
    EXPECT_EQ(states(migrator()), "1:pending 2:pending 3:pending ");
    EXPECT_EQ(schema().find("people"), std::string::npos);
    EXPECT_EQ(down(everything), Versions{});
    EXPECT_EQ(up(), (Versions{1, 2, 3}));
    EXPECT_EQ(schema(), first);
}

TEST_P(MigrationsContract, GoesAsFarAsItIsTold) {
    MigrationRange to_two;
    to_two.to = 2;
    EXPECT_EQ(up(to_two), (Versions{1, 2}));
    EXPECT_EQ(down(), (Versions{2}));
    MigrationRange one_step;
    one_step.steps = 1;
    EXPECT_EQ(up(one_step), (Versions{2}));
    EXPECT_EQ(up(one_step), (Versions{3}));
    MigrationRange two_steps;
    two_steps.steps = 2;
    EXPECT_EQ(down(two_steps), (Versions{3, 2}));
    MigrationRange both = two_steps;
    both.to = 1;
    EXPECT_FALSE(testing::run_task(migrator().down(both)));
    two_steps.steps = 0;
    EXPECT_FALSE(testing::run_task(migrator().up(two_steps)));
}

TEST_P(MigrationsContract, ADryRunChangesNothing) {
    MigrationRange dry;
    dry.dry_run = true;
    EXPECT_EQ(up(dry), (Versions{1, 2, 3}));
    EXPECT_EQ(schema(), "");
    EXPECT_EQ(up(), (Versions{1, 2, 3}));
    EXPECT_EQ(down(dry), (Versions{3}));
    EXPECT_EQ(states(migrator()), "1:applied 2:applied 3:applied ");
}

TEST_P(MigrationsContract, AChangedFileStopsUp) {
    MigrationRange to_two;
    to_two.to = 2;
    EXPECT_EQ(up(to_two), (Versions{1, 2}));
    auto changed = files();
    changed[0].text = "create table people (id ${INT64} primary key)";
    EXPECT_EQ(states(migrator(changed)), "1:changed 2:applied 3:pending ");
    auto done = testing::run_task(migrator(changed).up());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "migration_changed");
    EXPECT_NE(done.error().message.find("001_people"), std::string::npos);
    EXPECT_EQ(states(migrator()), "1:applied 2:applied 3:pending ");
}

TEST_P(MigrationsContract, AnUnknownOrALateOneStopsUp) {
    up();
    auto fewer = files();
    fewer.resize(4);
    auto older_program = testing::run_task(migrator(fewer).up());
    ASSERT_FALSE(older_program);
    EXPECT_EQ(older_program.error().reason, "migration_missing");
    EXPECT_EQ(states(migrator(fewer)), "1:applied 2:applied 3:missing ");

    MigrationRange everything;
    everything.to = 0;
    down(everything);
    auto without_two = files();
    without_two.erase(without_two.begin() + 2, without_two.begin() + 4);
    EXPECT_TRUE(testing::run_task(migrator(without_two).up()));
    auto late = testing::run_task(migrator().up());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().reason, "migration_out_of_order");
}

TEST_P(MigrationsContract, AnIrreversibleOneIsRefusedBeforeAnyChange) {
    auto one_way = files();
    one_way.erase(one_way.begin() + 3);
    EXPECT_TRUE(testing::run_task(migrator(one_way).up()));
    MigrationRange everything;
    everything.to = 0;
    auto done = testing::run_task(migrator(one_way).down(everything));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "migration_irreversible");
    EXPECT_EQ(states(migrator()), "1:applied 2:applied 3:applied ");
}

TEST_P(MigrationsContract, AFailedFileLeavesNoTrace) {
    auto broken = files();
    broken[2].text = "create table half (i ${INT64}); create table half (i ${INT64});";
    auto done = testing::run_task(migrator(broken).up());
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("002_pets"), std::string::npos) << done.error().message;
    EXPECT_EQ(states(migrator()), "1:applied 2:pending 3:pending ");
    EXPECT_EQ(schema().find("half"), std::string::npos);
    EXPECT_EQ(up(), (Versions{2, 3}));
}

TEST_P(MigrationsContract, ManyAtOnceApplyOnce) {
    constexpr int kProcesses = 4;
    std::vector<std::unique_ptr<Database>> handles;
    std::vector<Migrator> migrators;
    for (int i = 0; i < kProcesses; ++i) {
        handles.push_back(home_->open_again());
        migrators.emplace_back(*handles.back(), clock_, *assemble_migrations(files(), GetParam()));
    }
    std::vector<async::Task<Result<std::vector<MigrationStep>>>> tasks;
    for (auto& one : migrators)
        tasks.push_back(one.up());
    Versions applied;
    for (const auto& answer : testing::run_together(std::move(tasks))) {
        for (const int version : versions(answer))
            applied.push_back(version);
    }
    std::sort(applied.begin(), applied.end());
    EXPECT_EQ(applied, (Versions{1, 2, 3}));
    EXPECT_EQ(states(migrator()), "1:applied 2:applied 3:applied ");
}

TEST_P(MigrationsContract, TheEmbeddedSchemaGoesUpDownUp) {
    Migrator ours(db(), clock_, *embedded_migrations(GetParam()));
    MigrationRange everything;
    everything.to = 0;
    const auto all = versions(testing::run_task(ours.up()));
    const auto first = schema();
    EXPECT_EQ(versions(testing::run_task(ours.up())), Versions{});
    EXPECT_EQ(versions(testing::run_task(ours.down(everything))).size(), all.size());
    EXPECT_EQ(versions(testing::run_task(ours.up())), all);
    EXPECT_EQ(schema(), first);
}

}  // namespace zs::relational
