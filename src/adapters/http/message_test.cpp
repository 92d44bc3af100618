#include "adapters/http/message.hpp"

#include "adapters/http/response_head.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

Error with_reason(ErrorCode code, std::string reason) {
    Error error;
    error.code = code;
    error.reason = std::move(reason);
    return error;
}

TEST(Message, EveryCodeHasItsStatus) {
    const std::pair<ErrorCode, unsigned> table[] = {{ErrorCode::InvalidArgument, 400},
                                                    {ErrorCode::Unprocessable, 422},
                                                    {ErrorCode::Unauthenticated, 401},
                                                    {ErrorCode::Forbidden, 403},
                                                    {ErrorCode::NotFound, 404},
                                                    {ErrorCode::Conflict, 409},
                                                    {ErrorCode::Gone, 410},
                                                    {ErrorCode::TooLarge, 413},
                                                    {ErrorCode::Exhausted, 429},
                                                    {ErrorCode::DeadlineExceeded, 504},
                                                    {ErrorCode::Unavailable, 503},
                                                    {ErrorCode::DataLoss, 500},
                                                    {ErrorCode::Internal, 500}};
    for (const auto& [code, status] : table)
        EXPECT_EQ(http_status(with_reason(code, "")), status);
}

TEST(Message, SomeReasonsHaveTheirOwnStatus) {
    using enum ErrorCode;
    EXPECT_EQ(http_status(with_reason(InvalidArgument, "method_not_allowed")), 405u);
    EXPECT_EQ(http_status(with_reason(DeadlineExceeded, "request_timeout")), 408u);
    EXPECT_EQ(http_status(with_reason(Conflict, "precondition_failed")), 412u);
    EXPECT_EQ(http_status(with_reason(TooLarge, "uri_too_long")), 414u);
    EXPECT_EQ(http_status(with_reason(InvalidArgument, "unsupported_media_type")), 415u);
    EXPECT_EQ(http_status(with_reason(InvalidArgument, "range_not_satisfiable")), 416u);
    EXPECT_EQ(http_status(with_reason(InvalidArgument, "upgrade_required")), 426u);
    EXPECT_EQ(http_status(with_reason(TooLarge, "headers_too_large")), 431u);
    EXPECT_EQ(http_status(with_reason(Exhausted, "storage_full")), 507u);
    EXPECT_EQ(http_status(with_reason(Exhausted, "too_many_statements")), 429u);
    EXPECT_EQ(http_status(with_reason(NotFound, "no_such_table")), 404u);
}

TEST(Message, ErrorShape) {
    auto error = invalid_field("name", "bad \"name\"");
    const auto response = error_response(error, "id-1");
    EXPECT_EQ(response.status, 400u);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(response.body,
              R"({"error":"invalid_argument","message":"bad \"name\"","request_id":"id-1",)"
              R"("details":{"field":"name"}})");
    EXPECT_EQ(error_response(not_found("x", "no_such_table"), "i").body,
              R"({"error":"no_such_table","message":"x","request_id":"i"})");
}

TEST(Message, ErrorsBringTheirHeaders) {
    const auto header = [](const Response& response, std::string_view name) {
        for (const auto& entry : response.headers) {
            if (entry.name == name) return entry.value;
        }
        return std::string("-");
    };
    EXPECT_EQ(header(error_response(unauthenticated("x"), "i"), "WWW-Authenticate"), "Bearer");
    EXPECT_EQ(header(error_response(unavailable("x"), "i"), "Retry-After"), "1");
    EXPECT_EQ(header(error_response(exhausted("x", "key_limit"), "i"), "Retry-After"), "-");
    auto rate = exhausted("x");
    rate.details["retry_after_secs"] = 7;
    EXPECT_EQ(header(error_response(rate, "i"), "Retry-After"), "7");
}

TEST(Message, InternalErrorsKeepTheirTextToThemselves) {
    const auto response = error_response(internal_error("open /secret/path: no such file"), "i");
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
    EXPECT_EQ(response.status, 500u);
}

TEST(ResponseHead, DropsHeadersThatWouldSplitIt) {
    auto response = text_response("x");
    response.with("X-Good", "yes\tno").with("X-Bad", "a\r\nInjected: 1").with("X Bad", "b");
    std::string out;
    append_head(out, response, {});
    EXPECT_NE(out.find("X-Good: yes\tno\r\n"), std::string::npos);
    EXPECT_EQ(out.find("Injected"), std::string::npos);
    EXPECT_EQ(out.find("X Bad"), std::string::npos);
}

TEST(ResponseHead, HandlersMayReplacePolicies) {
    auto response = text_response("x");
    response.with("Content-Security-Policy", "sandbox");
    response.cache_control = "private";
    HeadContext context;
    context.no_store = true;
    std::string out;
    append_head(out, response, context);
    EXPECT_EQ(out.find("default-src"), std::string::npos);
    EXPECT_NE(out.find("Cache-Control: private\r\n"), std::string::npos);
    EXPECT_EQ(out.find("no-store"), std::string::npos);
}

}  // namespace
}  // namespace zs::http
