#include "sqlite/sql_text.hpp"

#include <gtest/gtest.h>

namespace zs::sqlite {
namespace {

TEST(SqlText, KnowsEmptyText) {
    for (const char* sql : {"", "  \n\t", ";", " ; ;; ", "-- a comment", "/* one */ ; -- two",
                            "/* never closed", "--"}) {
        EXPECT_TRUE(is_empty_sql(sql)) << sql;
    }
    for (const char* sql : {"SELECT 1", "/* a */ x", "-- a\nx", "; x", "/", "-", "'"}) {
        EXPECT_FALSE(is_empty_sql(sql)) << sql;
    }
}

TEST(SqlText, FindsTheFirstWord) {
    EXPECT_EQ(first_keyword("select 1"), "SELECT");
    EXPECT_EQ(first_keyword(" ;/* x */--y\n  Begin;"), "BEGIN");
    EXPECT_EQ(first_keyword("(1)"), "");
    EXPECT_EQ(first_keyword("''"), "");
    EXPECT_EQ(first_keyword("/*"), "");
}

TEST(SqlText, SplitsAtTheRightSemicolon) {
    struct Case {
        std::string first;
        std::string rest;
    };
    for (const auto& [first, rest] : std::initializer_list<Case>{
             {"SELECT 1;", " SELECT 2"},
             {"SELECT ';' ;", "x"},
             {"SELECT \"a;b\", [c;d], `e;f`;", "x"},
             {"SELECT 'it''s; fine';", "x"},
             {"SELECT 1 -- ; not here\n;", "x"},
             {"SELECT 1 /* ; nor here */;", "x"},
             {"CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; DELETE FROM t; END;", "x"},
             {"CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;", "x"},
             {"EXPLAIN QUERY PLAN CREATE TRIGGER g BEGIN SELECT 1; END;", "x"},
             {"CREATE TABLE trigger_log(a);", "x"},
         }) {
        EXPECT_EQ(end_of_statement(first + rest), first.size()) << first;
    }
    EXPECT_EQ(end_of_statement("SELECT 1"), 8U);
    EXPECT_EQ(end_of_statement("SELECT '; unfinished"), 20U);
}

}  // namespace
}  // namespace zs::sqlite
