#pragma once

#include "adapters/relational/database.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"
#include "support/test_databases.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What every Database does, whatever is below it. A test source includes this once and instantiates
// DatabaseContract with the dialects.
namespace zs::relational {

class DatabaseContract : public ::testing::TestWithParam<Dialect> {
protected:
    Database& db() { return home_->database(); }

    template <class Work>
    auto read(Work work) {
        return testing::run_task(db().read(std::move(work)));
    }
    template <class Work>
    auto write(Work work) {
        return testing::run_task(db().write(std::move(work)));
    }
    // One script as one write; a failure fails the test.
    void setup(const std::string& script) {
        auto done = write([script](Session& session) { return session.script(script); });
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t number(const std::string& sql) {
        auto rows = read([sql](Session& session) { return session.query(sql, {}); });
        if (!rows || rows->size() != 1) throw std::runtime_error(sql);
        return rows->front().integer(0);
    }
    std::string bytes_type() const { return GetParam() == Dialect::Sqlite ? "blob" : "bytea"; }

    std::unique_ptr<testing::TestDatabase> home_ =
        testing::TestDatabase::make(GetParam(), testing::Schema::Empty);
};

inline std::string detail(const Error& error, std::string_view key) {
    const auto* value = error.details.if_contains(key);
    return value == nullptr || !value->is_string() ? std::string()
                                                   : std::string(value->as_string());
}

TEST_P(DatabaseContract, BringsBackEveryKindOfValue) {
    setup("create table v (id bigint primary key, i bigint, r double precision, s text, b "
          + bytes_type() + ")");
    std::string all_bytes;
    for (int i = 0; i < 256; ++i)
        all_bytes += static_cast<char>(i);
    struct Sample {
        std::int64_t i;
        double r;
        std::string s;
        std::string b;
    };
    const std::vector<Sample> samples{
        {0, 0.0, "", ""},
        {std::numeric_limits<std::int64_t>::min(), -0.1, "it's \"quoted\" ? $1 \\", all_bytes},
        {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<double>::max(),
         "žluťoučký 🐎\n\t", std::string(3, '\0')},
        {-1, std::numeric_limits<double>::denorm_min(), std::string(1, '\x7f'), "\\x00"}};
    auto stored = write([&](Session& session) -> Result<void> {
        std::int64_t id = 0;
        for (const auto& one : samples) {
            auto done = session.execute_with("insert into v values (?, ?, ?, ?, ?)", ++id, one.i,
                                             one.r, one.s, Bytes{one.b});
            if (!done) return done.error();
        }
        auto none = session.execute_with("insert into v values (?, ?, ?, ?, ?)", ++id, std::nullopt,
                                         std::nullopt, std::nullopt, std::nullopt);
        if (!none) return none.error();
        return {};
    });
    ASSERT_TRUE(stored) << stored.error().message;
    // A driver may answer the first run of a statement in another format than later ones.
    for (int run = 0; run < 3; ++run) {
        auto rows = read([](Session& session) {
            return session.query("select i, r, s, b from v order by id", {});
        });
        ASSERT_TRUE(rows) << rows.error().message;
        ASSERT_EQ(rows->size(), samples.size() + 1);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const auto& row = (*rows)[i];
            EXPECT_EQ(row.integer(0), samples[i].i);
            EXPECT_EQ(row.real(1), samples[i].r);
            EXPECT_EQ(row.text(2), samples[i].s);
            EXPECT_EQ(row.bytes(3), samples[i].b);
        }
        for (std::size_t c = 0; c < 4; ++c)
            EXPECT_TRUE(rows->back().is_null(c));
    }
}

TEST_P(DatabaseContract, AnswersAggregatesAsNumbers) {
    setup("create table n (i bigint); insert into n values (1), (2), (6)");
    for (int run = 0; run < 2; ++run) {
        auto rows = read([](Session& session) {
            return session.query(
                "select count(*), sum(i), avg(i), max(i), i from n group by i "
                "having i = 6",
                {});
        });
        ASSERT_TRUE(rows) << rows.error().message;
        const auto& row = rows->front();
        EXPECT_EQ(row.integer(0), 1);
        EXPECT_EQ(row.integer(1), 6);
        EXPECT_EQ(row.real(2), 6.0);
        EXPECT_EQ(row.integer(3), 6);
    }
}

TEST_P(DatabaseContract, CarriesLargeValuesAndManyRows) {
    setup("create table big (id bigint primary key, s text, b " + bytes_type() + ")");
    const std::string text(1 << 20, 'x');
    const std::string bytes(8 << 20, '\xff');
    auto stored = write([&](Session& session) -> Result<std::int64_t> {
        auto one = session.execute_with("insert into big values (?, ?, ?)", 0, text, Bytes{bytes});
        if (!one) return one;
        for (int i = 1; i < 5000; ++i) {
            auto done =
                session.execute_later("insert into big (id, s) values (?, ?)",
                                      std::vector<Value>{std::int64_t{i}, std::string("row")});
            if (!done) return done.error();
        }
        return one;
    });
    ASSERT_TRUE(stored) << stored.error().message;
    auto rows = read(
        [](Session& session) { return session.query("select id, s, b from big order by id", {}); });
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 5000U);
    EXPECT_EQ(rows->front().text(1), text);
    EXPECT_EQ(rows->front().bytes(2), bytes);
    EXPECT_EQ(rows->back().integer(0), 4999);
}

TEST_P(DatabaseContract, CountsAffectedRows) {
    setup("create table c (i bigint); insert into c values (1), (2), (3)");
    auto counts = write([](Session& session) -> Result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> out;
        for (const char* sql : {"update c set i = i + 1 where i > ?", "delete from c where i > ?",
                                "delete from c where i > ?"}) {
            auto done = session.execute_with(sql, 1);
            if (!done) return done.error();
            out.push_back(*done);
        }
        return out;
    });
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(*counts, (std::vector<std::int64_t>{2, 2, 0}));
}

TEST_P(DatabaseContract, AnswersReturning) {
    setup("create table r (id bigint primary key, i bigint)");
    auto rows = write([](Session& session) {
        return session.query_with("insert into r values (?, ?), (?, ?) returning id, i + 1", 1, 10,
                                  2, 20);
    });
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[1].integer(1), 21);
}

TEST_P(DatabaseContract, LeavesQuestionMarksInTextAlone) {
    auto rows = read([](Session& session) {
        return session.query_with("select '?' /* ? */, cast(? as text) as \"a?\" -- ?\n", "x");
    });
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->front().text(0), "?");
    EXPECT_EQ(rows->front().text(1), "x");
}

TEST_P(DatabaseContract, ReadsSeeOneSnapshot) {
    setup("create table s (i bigint); insert into s values (1)");
    auto counts = read([this](Session& session) -> Result<std::pair<std::int64_t, std::int64_t>> {
        auto before = session.query("select count(*) from s", {});
        if (!before) return before.error();
        std::thread other([this] { setup("insert into s values (2)"); });
        other.join();
        auto after = session.query("select count(*) from s", {});
        if (!after) return after.error();
        return std::pair(before->front().integer(0), after->front().integer(0));
    });
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->first, 1);
    EXPECT_EQ(counts->second, 1);
    EXPECT_EQ(number("select count(*) from s"), 2);
}

TEST_P(DatabaseContract, ReadsCannotWrite) {
    setup("create table w (i bigint)");
    auto done =
        read([](Session& session) { return session.execute("insert into w values (1)", {}); });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Internal);
    EXPECT_EQ(number("select count(*) from w"), 0);
}

TEST_P(DatabaseContract, RollsBackAClosureThatAnswersAnError) {
    setup("create table t (i bigint)");
    std::vector<async::Task<Result<int>>> tasks;
    for (int i = 0; i < 20; ++i) {
        auto work = [i](Session& session) -> Result<int> {
            auto done = session.execute_with("insert into t values (?)", i);
            if (!done) return done.error();
            if (i % 5 == 0) return conflict("changed my mind", "mind_changed");
            return i;
        };
        tasks.push_back(db().write(std::move(work)));
    }
    const auto answers = testing::run_together(std::move(tasks));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (i % 5 != 0) {
            ASSERT_TRUE(answers[i]) << answers[i].error().message;
            EXPECT_EQ(*answers[i], static_cast<int>(i));
        } else {
            ASSERT_FALSE(answers[i]);
            EXPECT_EQ(answers[i].error().reason, "mind_changed");
        }
    }
    EXPECT_EQ(number("select count(*) from t"), 16);
    EXPECT_EQ(number("select count(*) from t where i in (0, 5, 10, 15)"), 0);
}

TEST_P(DatabaseContract, RollsBackAClosureThatThrows) {
    setup("create table t (i bigint)");
    auto done = write([](Session& session) -> Result<int> {
        auto stored = session.execute("insert into t values (1)", {});
        if (stored) throw std::runtime_error("thrown");
        return 0;
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Internal);
    EXPECT_EQ(number("select count(*) from t"), 0);
}

TEST_P(DatabaseContract, AFailedStatementEndsTheTransaction) {
    setup("create table u (i bigint primary key); insert into u values (1)");
    auto done = write([](Session& session) -> Result<bool> {
        auto first = session.execute("insert into u values (2)", {});
        if (!first) return first.error();
        auto clash = session.execute("insert into u values (1)", {});
        auto after = session.execute("insert into u values (3)", {});
        return !clash && !after;  // a success that must not be believed
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "constraint_violation");
    EXPECT_EQ(number("select count(*) from u"), 1);
}

TEST_P(DatabaseContract, AClosureMayNameTheFailureItself) {
    setup("create table u (i bigint primary key); insert into u values (1)");
    auto done = write([](Session& session) -> Result<int> {
        auto clash = session.execute("insert into u values (1)", {});
        if (!clash && clash.error().reason == "constraint_violation") {
            return conflict("taken", "name_taken");
        }
        return 0;
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "name_taken");
}

TEST_P(DatabaseContract, NamesTheViolatedConstraint) {
    setup(
        "create table parents (id bigint primary key);"
        "create table people (id bigint primary key, org text not null, email text not null,"
        " age bigint constraint age_is_possible check (age >= 0),"
        " parent bigint references parents (id));"
        "create unique index people_email on people (org, email);"
        "insert into people values (1, 'a', 'x', 5, null)");
    struct Case {
        const char* sql;
        const char* kind;
        const char* constraint;
    };
    const Case cases[] = {
        {"insert into people values (2, 'a', 'x', 5, null)", "unique", "people.org, people.email"},
        {"insert into people values (1, 'a', 'y', 5, null)", "unique", "people.id"},
        {"insert into people values (2, null, 'y', 5, null)", "not_null", "people.org"},
        {"insert into people values (2, 'a', 'y', -1, null)", "check", "age_is_possible"},
        {"insert into people values (2, 'a', 'y', 1, 77)", "foreign_key", nullptr},
    };
    for (const auto& one : cases) {
        auto done = write([&](Session& session) { return session.execute(one.sql, {}); });
        ASSERT_FALSE(done) << one.sql;
        EXPECT_EQ(done.error().code, ErrorCode::Conflict) << one.sql;
        EXPECT_EQ(done.error().reason, "constraint_violation") << one.sql;
        EXPECT_EQ(detail(done.error(), "kind"), one.kind) << one.sql;
        if (one.constraint != nullptr) {
            EXPECT_EQ(detail(done.error(), "constraint"), one.constraint) << one.sql;
        }
    }
}

TEST_P(DatabaseContract, TellsBadSqlFromBadValues) {
    setup("create table t (i bigint)");
    auto missing =
        read([](Session& session) { return session.query("select * from nowhere", {}); });
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::Internal);
    EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
    auto few = read([](Session& session) { return session.query("select cast(? as text)", {}); });
    ASSERT_FALSE(few);
    EXPECT_EQ(few.error().code, ErrorCode::Internal);
    auto nul = read([](Session& session) {
        return session.query_with("select cast(? as text)", std::string("a\0b", 3));
    });
    ASSERT_FALSE(nul);
    EXPECT_EQ(nul.error().reason, "invalid_value");
    EXPECT_EQ(number("select count(*) from t"), 0);
}

TEST_P(DatabaseContract, ManyAtOnceLoseNoUpdate) {
    setup(
        "create table counter (id bigint primary key, n bigint);"
        "insert into counter values (1, 0)");
    constexpr int kTasks = 60;
    std::vector<async::Task<Result<void>>> tasks;
    for (int i = 0; i < kTasks; ++i) {
        // Reads, thinks, writes: right only when nobody comes between.
        auto work = [](Session& session) -> Result<void> {
            auto rows = session.query("select n from counter where id = 1", {});
            if (!rows) return rows.error();
            auto done = session.execute_with("update counter set n = ? where id = 1",
                                             rows->front().integer(0) + 1);
            if (!done) return done.error();
            return {};
        };
        tasks.push_back(db().write(std::move(work)));
    }
    for (const auto& answer : testing::run_together(std::move(tasks))) {
        EXPECT_TRUE(answer) << answer.error().message;
    }
    EXPECT_EQ(number("select n from counter"), kTasks);
}

TEST_P(DatabaseContract, KeepsWhatIsLeftForLaterInOrder) {
    setup("create table t (i bigint primary key)");
    auto done = write([](Session& session) -> Result<std::int64_t> {
        for (int i = 1; i <= 3; ++i) {
            const std::vector<Value> params{std::int64_t{i}};
            auto later = session.execute_later("insert into t values (?)", params);
            if (!later) return later.error();
        }
        auto rows = session.query("select count(*) from t", {});
        if (!rows) return rows.error();
        return rows->front().integer(0);
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*done, 3);
    auto clash = write([](Session& session) -> Result<void> {
        const std::vector<Value> four{std::int64_t{4}};
        if (auto later = session.execute_later("insert into t values (?)", four); !later)
            return later;
        return session.execute_later("insert into t values (3)", {});
    });
    ASSERT_FALSE(clash);
    EXPECT_EQ(clash.error().reason, "constraint_violation");
    EXPECT_EQ(number("select count(*) from t"), 3);
}

TEST_P(DatabaseContract, InsertsManyRowsInFewStatements) {
    setup("create table many (id bigint primary key, r double precision, s text, b " + bytes_type()
          + ", fixed bigint)");
    // Every size of a statement, and what is between them.
    constexpr std::int64_t kRows = 128 * 2 + 16 * 3 + 5;
    const std::string text = "it's ? text";
    const std::string bytes("\x00\xff", 2);
    const auto insert = [&](Session& session, std::int64_t first, std::int64_t count) {
        std::vector<ValueView> params;
        for (std::int64_t i = first; i < first + count; ++i) {
            const ValueView s = i % 2 == 0 ? ValueView{} : ValueView{std::string_view(text)};
            params.insert(params.end(), {i, 0.5, s, BytesView{bytes}});
        }
        return session.insert_rows("insert into many (id, r, s, b, fixed) values",
                                   "(?, ?, ?, ?, 7)", params);
    };
    auto stored = write([&](Session& session) { return insert(session, 0, kRows); });
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(number("select count(*) from many where r = 0.5 and fixed = 7"), kRows);
    EXPECT_EQ(number("select sum(id) from many"), kRows * (kRows - 1) / 2);
    EXPECT_EQ(number("select count(*) from many where s is null"), (kRows + 1) / 2);
    auto row = read(
        [](Session& session) { return session.query("select s, b from many where id = 305", {}); });
    ASSERT_TRUE(row && row->size() == 1);
    EXPECT_EQ(row->front().text(0), text);
    EXPECT_EQ(row->front().bytes(1), bytes);
    // One that is there already: none of them.
    auto refused = write([&](Session& session) { return insert(session, kRows - 1, 200); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "constraint_violation");
    EXPECT_EQ(number("select count(*) from many"), kRows);
    auto nothing = write([&](Session& session) { return insert(session, 0, 0); });
    EXPECT_TRUE(nothing);
}

TEST_P(DatabaseContract, AnotherHandleSeesWhatIsCommitted) {
    setup("create table t (i bigint); insert into t values (7)");
    auto other = home_->open_again();
    auto work = [](Session& session) { return session.query("select i from t", {}); };
    auto rows = testing::run_task(other->read(work));
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->front().integer(0), 7);
    EXPECT_EQ(other->dialect(), GetParam());
}

TEST_P(DatabaseContract, AnswersPing) {
    EXPECT_TRUE(testing::run_task(db().ping()));
}

}  // namespace zs::relational
