#include "adapters/relational/postgres/failure.hpp"

#include <gtest/gtest.h>

namespace zs::relational::postgres {
namespace {

ServerMessage message(std::string state) {
    ServerMessage made;
    made.state = std::move(state);
    made.text = "text of the server";
    return made;
}

TEST(Failure, TellsWhatToDo) {
    struct Case {
        const char* state;
        ErrorCode code;
        Remedy remedy;
    };
    const Case cases[] = {
        {"40001", ErrorCode::Conflict, Remedy::Rerun},
        {"40P01", ErrorCode::Conflict, Remedy::Rerun},
        {"23505", ErrorCode::Conflict, Remedy::None},
        {"22003", ErrorCode::InvalidArgument, Remedy::None},
        {"22021", ErrorCode::InvalidArgument, Remedy::None},
        {"57P01", ErrorCode::Unavailable, Remedy::Reconnect},
        {"57P03", ErrorCode::Unavailable, Remedy::Reconnect},
        {"08006", ErrorCode::Unavailable, Remedy::Reconnect},
        {"57014", ErrorCode::DeadlineExceeded, Remedy::None},
        {"53300", ErrorCode::Unavailable, Remedy::None},
        {"53100", ErrorCode::Unavailable, Remedy::None},
        {"55P03", ErrorCode::Unavailable, Remedy::None},
        {"28P01", ErrorCode::Unavailable, Remedy::None},
        {"3D000", ErrorCode::Unavailable, Remedy::None},
        {"XX001", ErrorCode::DataLoss, Remedy::None},
        {"25006", ErrorCode::Internal, Remedy::None},
        {"26000", ErrorCode::Internal, Remedy::Reconnect},
        {"42P01", ErrorCode::Internal, Remedy::None},
        {"0A000", ErrorCode::Internal, Remedy::None},
    };
    for (const auto& one : cases) {
        const auto failure = to_failure(message(one.state), "select 1");
        EXPECT_EQ(failure.error.code, one.code) << one.state;
        EXPECT_EQ(failure.remedy, one.remedy) << one.state;
    }
    auto stale = message("0A000");
    stale.text = "cached plan must not change result type";
    EXPECT_EQ(to_failure(stale, "select 1").remedy, Remedy::Reconnect);
}

TEST(Failure, NamesColumnsAndHidesValues) {
    auto unique = message("23505");
    unique.text = "duplicate key value violates unique constraint \"people_email\"";
    unique.table = "people";
    unique.constraint = "people_email";
    unique.detail = "Key (org, \"e mail\")=(a, secret) already exists.";
    auto error = to_failure(unique, "insert").error;
    EXPECT_EQ(error.reason, "constraint_violation");
    EXPECT_EQ(error.details.at("constraint"), "people.org, people.e mail");
    EXPECT_EQ(error.details.at("kind"), "unique");
    EXPECT_EQ(error.details.at("name"), "people_email");
    EXPECT_EQ(error.message.find("secret"), std::string::npos);

    unique.detail = "Key (lower(email))=(secret) already exists.";
    error = to_failure(unique, "insert").error;
    EXPECT_EQ(error.details.at("constraint"), "people_email");
    EXPECT_EQ(error.message.find("secret"), std::string::npos);

    for (const char* odd : {"", "Key", "Key (", ")=(", "Key ()=()"}) {
        unique.detail = odd;
        EXPECT_EQ(to_failure(unique, "insert").error.details.at("constraint"), "people_email")
            << odd;
    }

    auto null = message("23502");
    null.table = "people";
    null.column = "org";
    EXPECT_EQ(to_failure(null, "insert").error.details.at("constraint"), "people.org");
}

}  // namespace
}  // namespace zs::relational::postgres
