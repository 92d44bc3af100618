#include "adapters/sqlite_data/bounded_functions.hpp"

#include "adapters/sqlite_data/engine_test.hpp"
#include "sqlite/memory_guard.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <random>

namespace zs::sqlite_data {
namespace {

// A bare connection, with or without our functions.
class Bare {
public:
    explicit Bare(bool bounded) {
        sqlite::install_memory_guard();  // before anything else uses SQLite
        EXPECT_EQ(sqlite3_open(":memory:", &connection_), SQLITE_OK);
        if (bounded) install_bounded_functions(connection_);
    }
    ~Bare() { sqlite3_close(connection_); }

    // The type and the bytes of the one value that `sql` answers, or the error.
    std::string ask(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
            return sqlite3_errmsg(connection_);
        std::string answer;
        if (sqlite3_step(statement) == SQLITE_ROW) {
            const int type = sqlite3_column_type(statement, 0);
            const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, 0));
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
            answer =
                fmt::format("{} {}", type, std::string_view(bytes == nullptr ? "" : bytes, size));
        } else {
            answer = sqlite3_errmsg(connection_);
        }
        sqlite3_finalize(statement);
        return answer;
    }

private:
    sqlite3* connection_ = nullptr;
};

// A value as SQL: text of a few characters (one to four bytes each), a blob, a number or NULL.
std::string any_value(std::mt19937_64& random) {
    static const std::vector<std::string> kCharacters = {"a", "b", " ", "ä", "€", "𝄞", "0", "ab"};
    const auto pick = [&](std::size_t count) { return random() % count; };
    switch (pick(12)) {
        case 0: return "NULL";
        case 1: return std::to_string(pick(2000));
        case 2: return "x'6162c3a46162'";
        case 3: return "x'62'";
        case 4: return "''";
        case 5: return "x''";
        case 6: return "CAST(x'a4c36162' AS TEXT)";  // begins in the middle of a character
        case 7: return "1.5";
        default: break;
    }
    std::string text = "'";
    for (std::size_t i = pick(8); i > 0; --i)
        text += kCharacters[pick(kCharacters.size())];
    return text + "'";
}

TEST(BoundedFunctions, AnswerWhatSQLiteAnswers) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    Bare theirs(false);
    Bare ours(true);
    for (int i = 0; i < 20'000; ++i) {
        const auto a = any_value(random);
        const auto b = any_value(random);
        const auto c = any_value(random);
        for (const auto& call :
             {fmt::format("instr({}, {})", a, b), fmt::format("replace({}, {}, {})", a, b, c),
              fmt::format("trim({})", a), fmt::format("trim({}, {})", a, b),
              fmt::format("ltrim({}, {})", a, b), fmt::format("rtrim({}, {})", a, b),
              fmt::format("unhex({}, {})", a, b)}) {
            ASSERT_EQ(ours.ask("SELECT " + call), theirs.ask("SELECT " + call)) << call;
        }
    }
}

TEST(BoundedFunctions, JsonPatchIsSQLites) {
    Bare theirs(false);
    Bare ours(true);
    for (const char* sql :
         {R"(SELECT json_patch('{"a":1.0,"b":{"c":2}}', '{"b":{"c":null},"d":[1]}'))",
          R"(SELECT json_array(json_patch('{}', '{"a":1}')))",
          R"(SELECT json(jsonb_patch('{"a":1}', '{"a":null}')))", "SELECT json_patch('{', '{}')",
          "SELECT json_patch(NULL, '{}')"}) {
        EXPECT_EQ(ours.ask(sql), theirs.ask(sql)) << sql;
    }
}

using BoundedFunctionsTest = EngineTest;

// ThreadSanitizer looks at the whole text in each call of memmem.
#if defined(__SANITIZE_THREAD__)
constexpr const char* kHalf = "20000";
#else
constexpr const char* kHalf = "2000000";
#endif

// Each of these took minutes to hours when its cost was the product of its arguments' sizes. They
// are not timed here: the statement's own deadline cannot stop them, so the suite would hang.
TEST_F(BoundedFunctionsTest, LargeValuesTakeLinearTime) {
    const std::string half = kHalf;
    const std::string a = "replace(hex(zeroblob(" + half + ")), '0', 'a')";
    const std::string almost = "substr(" + a + ", 1, " + half + ") || 'b'";
    EXPECT_EQ(run("SELECT instr(" + a + ", " + almost + ")").integer(), 0);
    EXPECT_EQ(run("SELECT length(replace(" + a + ", " + almost + ", 'x')) = 2 * " + half).integer(),
              1);
    // A trim whose every character is looked up among many.
    const std::string many =
        "(WITH RECURSIVE n(i) AS (SELECT 200 UNION ALL SELECT i+1 FROM n WHERE i < 50000)"
        " SELECT group_concat(char(i), '') FROM n WHERE i NOT BETWEEN 55296 AND 57343)";
    EXPECT_EQ(
        run("SELECT length(trim(replace(hex(zeroblob(20000)), '0', char(49999)), " + many + "))")
            .integer(),
        0);
}

TEST_F(BoundedFunctionsTest, WhatStaysQuadraticIsRefusedWhenLarge) {
    const auto answer = run("SELECT unhex(hex(zeroblob(4000000)), hex(zeroblob(4000000)))");
    EXPECT_EQ(answer.reason(), "sql_error") << answer.message();
    EXPECT_NE(answer.message().find("too large"), std::string::npos) << answer.message();
    EXPECT_EQ(run("SELECT json_patch('{\"a\":1}', '{\"b\":2}')").text(), R"({"a":1,"b":2})");
}

TEST_F(BoundedFunctionsTest, ResultsKeepToTheSizeOfAValue) {
    const auto answer = run("SELECT replace(hex(zeroblob(1000)), '0', hex(zeroblob(5000)))");
    EXPECT_FALSE(answer.ok());
}

}  // namespace
}  // namespace zs::sqlite_data
