#pragma once

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace zs {

// What went wrong, in the caller's terms. Callers branch on the code (or on `Error::reason`), never
// on the text.
enum class ErrorCode {
    InvalidArgument,   // the request can never succeed as written
    Unprocessable,     // readable, but a field is missing or has the wrong type
    Unauthenticated,   // no credential, or one that is no longer good
    Forbidden,         // the credential is good, the right is missing
    NotFound,          // absent, or another tenant's: the answer is the same
    Conflict,          // the state moved on: read again, then decide
    Gone,              // was here, will not come back
    TooLarge,          // a size limit was exceeded
    Exhausted,         // a rate, quota or queue limit was reached: retry later
    DeadlineExceeded,  // the outcome is unknown: retry only what is idempotent
    Unavailable,       // a dependency is down or overloaded: retry later
    DataLoss,          // stored bytes failed their checksum: page a human
    Internal,          // a defect of ours
};

// The stable text of a code, as it appears in logs: "invalid_argument", "not_found", …
std::string_view to_text(ErrorCode code) noexcept;

// A failed operation. `reason` is the specific machine-readable code of the API ("no_such_table");
// empty means the generic one of `code`. `details` holds what helps to mend the request: field,
// line, column. Neither ever holds secrets, file paths or another tenant's data.
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string reason;
    boost::json::object details;

    // Adds one detail; for chaining at the place where the error is made.
    Error&& with(std::string_view key, boost::json::value value) &&;
    Error&& with(std::string_view key, std::string_view text) &&;
    // `reason`, or the generic text of `code`.
    std::string_view reason_text() const noexcept;
};

// Text as a JSON value; Boost.JSON 1.81 does not convert std::string_view by itself.
boost::json::value json_text(std::string_view text);

// A value or an Error. Always look before you take: value() of a failed result aborts the request.
template <class T>
using Result = boost::system::result<T, Error>;

// Makes boost::system::result throw something readable when value() is called on an error.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

Error invalid_argument(std::string message, std::string reason = {});
// For a value that is wrong in one field; names it in details.field.
Error invalid_field(std::string_view field, std::string message, std::string reason = {});
Error unprocessable(std::string message, std::string_view field);
Error unauthenticated(std::string message, std::string reason = {});
Error forbidden(std::string message, std::string reason = {});
Error not_found(std::string message, std::string reason = {});
Error conflict(std::string message, std::string reason = {});
Error gone(std::string message, std::string reason = {});
Error too_large(std::string message, std::string reason = {});
Error exhausted(std::string message, std::string reason = {});
Error deadline_exceeded(std::string message);
Error unavailable(std::string message, std::string reason = {});
Error data_loss(std::string message);
Error internal_error(std::string message);

}  // namespace zs
