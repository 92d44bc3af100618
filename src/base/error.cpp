#include "base/error.hpp"

#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace zs {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
    std::fprintf(stderr, "zserver: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

std::string_view to_text(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::InvalidArgument: return "invalid_argument";
        case ErrorCode::Unprocessable: return "unprocessable";
        case ErrorCode::Unauthenticated: return "unauthenticated";
        case ErrorCode::Forbidden: return "permission_denied";
        case ErrorCode::NotFound: return "not_found";
        case ErrorCode::Conflict: return "conflict";
        case ErrorCode::Gone: return "gone";
        case ErrorCode::TooLarge: return "payload_too_large";
        case ErrorCode::Exhausted: return "rate_limited";
        case ErrorCode::DeadlineExceeded: return "deadline_exceeded";
        case ErrorCode::Unavailable: return "unavailable";
        case ErrorCode::DataLoss: return "data_loss";
        case ErrorCode::Internal: return "internal";
    }
    return "internal";
}

Error&& Error::with(std::string_view key, boost::json::value value) && {
    details[key] = std::move(value);
    return std::move(*this);
}

Error&& Error::with(std::string_view key, std::string_view text) && {
    return std::move(*this).with(key, json_text(text));
}

boost::json::value json_text(std::string_view text) {
    return boost::json::string(text);
}

std::string_view Error::reason_text() const noexcept {
    return reason.empty() ? to_text(code) : std::string_view(reason);
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::runtime_error("value() of a failed result at " + std::string(where.file_name())
                             + ": " + std::string(error.reason_text()) + ": " + error.message);
}

namespace {
Error make(ErrorCode code, std::string message, std::string reason = {}) {
    return Error{code, std::move(message), std::move(reason), {}};
}
}  // namespace

Error invalid_argument(std::string message, std::string reason) {
    return make(ErrorCode::InvalidArgument, std::move(message), std::move(reason));
}
Error invalid_field(std::string_view field, std::string message, std::string reason) {
    return invalid_argument(std::move(message), std::move(reason)).with("field", field);
}
Error unprocessable(std::string message, std::string_view field) {
    return make(ErrorCode::Unprocessable, std::move(message)).with("field", field);
}
Error unauthenticated(std::string message, std::string reason) {
    return make(ErrorCode::Unauthenticated, std::move(message), std::move(reason));
}
Error forbidden(std::string message, std::string reason) {
    return make(ErrorCode::Forbidden, std::move(message), std::move(reason));
}
Error not_found(std::string message, std::string reason) {
    return make(ErrorCode::NotFound, std::move(message), std::move(reason));
}
Error conflict(std::string message, std::string reason) {
    return make(ErrorCode::Conflict, std::move(message), std::move(reason));
}
Error gone(std::string message, std::string reason) {
    return make(ErrorCode::Gone, std::move(message), std::move(reason));
}
Error too_large(std::string message, std::string reason) {
    return make(ErrorCode::TooLarge, std::move(message), std::move(reason));
}
Error exhausted(std::string message, std::string reason) {
    return make(ErrorCode::Exhausted, std::move(message), std::move(reason));
}
Error deadline_exceeded(std::string message) {
    return make(ErrorCode::DeadlineExceeded, std::move(message));
}
Error unavailable(std::string message, std::string reason) {
    return make(ErrorCode::Unavailable, std::move(message), std::move(reason));
}
Error data_loss(std::string message) {
    return make(ErrorCode::DataLoss, std::move(message));
}
Error internal_error(std::string message) {
    return make(ErrorCode::Internal, std::move(message));
}

}  // namespace zs
