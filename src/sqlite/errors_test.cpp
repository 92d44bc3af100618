#include "sqlite/errors.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace zs::sqlite {
namespace {

TEST(SqliteErrors, PositionsCountCharactersNotBytes) {
    const Position at = position_of("SELECT 'ä',\n 'ö', x", 20);
    EXPECT_EQ(at.line, 2U);
    EXPECT_EQ(at.column, 7U);
    EXPECT_EQ(position_of("", 0).column, 1U);
}

TEST(SqliteErrors, EveryMeaningHasItsCode) {
    struct Case {
        int code;
        ErrorCode meaning;
        std::string_view reason;
    };
    for (const auto& [code, meaning, reason] : std::initializer_list<Case>{
             {SQLITE_BUSY, ErrorCode::Unavailable, "busy"},
             {SQLITE_BUSY_SNAPSHOT, ErrorCode::Conflict, "serialization_failure"},
             {SQLITE_LOCKED, ErrorCode::Unavailable, "busy"},
             {SQLITE_FULL, ErrorCode::Unavailable, "storage_full"},
             {SQLITE_CORRUPT, ErrorCode::DataLoss, "data_loss"},
             {SQLITE_NOTADB, ErrorCode::DataLoss, "data_loss"},
             {SQLITE_NOMEM, ErrorCode::Unavailable, "out_of_memory"},
             {SQLITE_IOERR_NOMEM, ErrorCode::Unavailable, "unavailable"},
             {SQLITE_INTERRUPT, ErrorCode::DeadlineExceeded, "deadline_exceeded"},
             {SQLITE_TOOBIG, ErrorCode::TooLarge, "value_too_large"},
             {SQLITE_AUTH, ErrorCode::Forbidden, "permission_denied"},
             {SQLITE_MISUSE, ErrorCode::Internal, "internal"},
         }) {
        const Error error = describe_error(code, "message", -1, "");
        EXPECT_EQ(error.code, meaning) << code;
        EXPECT_EQ(error.reason_text(), reason) << code;
    }
}

TEST(SqliteErrors, ConstraintsAreTakenApart) {
    const Error two =
        describe_error(SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: t.a, t.b", -1, "");
    EXPECT_EQ(two.details.at("columns").as_array().size(), 2U);
    EXPECT_EQ(two.details.at("kind").as_string(), "unique");
    const Error index = describe_error(SQLITE_CONSTRAINT_UNIQUE,
                                       "UNIQUE constraint failed: index 'by_lower'", -1, "");
    EXPECT_EQ(index.details.at("constraint").as_string(), "by_lower");
    const Error raised = describe_error(SQLITE_CONSTRAINT_TRIGGER, "no more than three", -1, "");
    EXPECT_EQ(raised.message, "no more than three");
    EXPECT_EQ(raised.details.at("constraint").as_string(), "TRIGGER");
}

TEST(SqliteErrors, UnknownTablesLoseTheSchemaName) {
    const Error error = describe_error(SQLITE_ERROR, "no such table: main.users", -1, "");
    EXPECT_EQ(error.message, "no such table: users");
    EXPECT_EQ(error.reason, "no_such_table");
}

}  // namespace
}  // namespace zs::sqlite
