#include "adapters/http/message.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json/value.hpp>

#include <charconv>

namespace zs::http {
namespace {

using boost::json::value;

// application/json or application/*+json, in UTF-8 when a charset is named.
bool is_json_type(std::string_view content_type) {
    const auto semicolon = std::min(content_type.find(';'), content_type.size());
    const auto type = trim(content_type.substr(0, semicolon));
    const bool json =
        equals_ignoring_case(type, "application/json")
        || (type.size() > 17 && equals_ignoring_case(type.substr(0, 12), "application/")
            && equals_ignoring_case(type.substr(type.size() - 5), "+json"));
    if (!json) return false;
    auto parameters = content_type.substr(semicolon);
    while (!parameters.empty()) {
        parameters.remove_prefix(1);  // ';'
        const auto end = std::min(parameters.find(';'), parameters.size());
        const auto parameter = trim(parameters.substr(0, end));
        parameters.remove_prefix(end);
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos) continue;
        if (!equals_ignoring_case(trim(parameter.substr(0, equals)), "charset")) continue;
        auto charset = trim(parameter.substr(equals + 1));
        if (charset.size() > 1 && charset.front() == '"' && charset.back() == '"') {
            charset = charset.substr(1, charset.size() - 2);
        }
        return equals_ignoring_case(charset, "utf-8") || equals_ignoring_case(charset, "utf8");
    }
    return true;
}

Error wrong_content_type() {
    return invalid_argument("the body must have Content-Type: application/json, in UTF-8",
                            "unsupported_media_type");
}

enum class EmptyBody { Refused, Allowed };

async::Task<Result<value>> read_json_body(Request& request, EmptyBody empty) {
    const auto type = request.header("content-type");
    if (type && !is_json_type(*type)) co_return wrong_content_type();
    auto text = co_await read_all(request);
    if (!text) co_return text.error();
    if (text->empty() && empty == EmptyBody::Allowed) co_return value(boost::json::object());
    if (!type) co_return wrong_content_type();
    co_return parse_json(*text);
}

struct ReasonStatus {
    std::string_view reason;
    unsigned status;
};
// Reasons whose status is not their code's. Source: http-api.md section 1.2.
constexpr ReasonStatus kReasonStatuses[] = {
    {"method_not_allowed", 405},         {"request_timeout", 408},
    {"precondition_failed", 412},        {"uri_too_long", 414},
    {"unsupported_media_type", 415},     {"range_not_satisfiable", 416},
    {"expectation_failed", 417},         {"upgrade_required", 426},
    {"headers_too_large", 431},          {"transfer_coding_unknown", 501},
    {"http_version_not_supported", 505}, {"storage_full", 507},
};

}  // namespace

std::string_view to_text(Method method) noexcept {
    switch (method) {
        case Method::Get: return "GET";
        case Method::Head: return "HEAD";
        case Method::Post: return "POST";
        case Method::Put: return "PUT";
        case Method::Patch: return "PATCH";
        case Method::Delete: return "DELETE";
        case Method::Options: return "OPTIONS";
        case Method::Other: return "OTHER";
    }
    return "OTHER";
}

async::Task<Result<std::string>> read_all(Request& request) {
    auto& body = request.body();
    std::string all;
    while (true) {
        auto piece = co_await body.read();
        if (!piece) co_return piece.error();
        if (!piece->has_value()) co_return all;
        if (all.empty()) {
            all = std::move(**piece);
        } else {
            all += **piece;
        }
    }
}

async::Task<Result<value>> read_json(Request& request) {
    return read_json_body(request, EmptyBody::Refused);
}

async::Task<Result<value>> read_json_or_empty(Request& request) {
    return read_json_body(request, EmptyBody::Allowed);
}

Result<std::int64_t> query_integer(const Request& request, std::string_view name,
                                   std::int64_t fallback, std::int64_t min, std::int64_t max) {
    const auto text = request.query(name);
    if (!text) return fallback;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number < min
        || number > max) {
        return invalid_field(name, "query parameter " + std::string(name)
                                       + " must be an integer from " + std::to_string(min) + " to "
                                       + std::to_string(max));
    }
    return number;
}

Response json_response(const value& json, unsigned status) {
    return json_text_response(write_json(json), status);
}

Response json_text_response(std::string json, unsigned status) {
    return text_response(std::move(json), "application/json", status);
}

Response text_response(std::string text, std::string content_type, unsigned status) {
    Response response;
    response.status = status;
    response.content_type = std::move(content_type);
    response.body = std::move(text);
    return response;
}

Response no_content() {
    Response response;
    response.status = 204;
    return response;
}

Response error_response(const Error& error, std::string_view request_id) {
    const unsigned status = http_status(error);
    std::string json = R"({"error":)";
    append_json_string(json, error.reason_text());
    json += R"(,"message":)";
    // What broke inside goes to the log, under the request's id: it may name files or statements.
    append_json_string(json, error.code == ErrorCode::Internal
                                 ? std::string_view("something broke; the log has it under the "
                                                    "request id")
                                 : std::string_view(error.message));
    json += R"(,"request_id":)";
    append_json_string(json, request_id);
    if (!error.details.empty()) json += R"(,"details":)" + write_json(error.details);
    json += '}';
    auto response = json_text_response(std::move(json), status);
    const auto* retry = error.details.if_contains("retry_after_secs");
    if (status == 401) response.with("WWW-Authenticate", "Bearer");
    if (retry != nullptr && retry->is_int64()) {
        response.with("Retry-After", std::to_string(retry->get_int64()));
    } else if (status == 503) {
        response.with("Retry-After", "1");
    }
    return response;
}

unsigned http_status(const Error& error) noexcept {
    if (!error.reason.empty()) {
        for (const auto& entry : kReasonStatuses) {
            if (error.reason == entry.reason) return entry.status;
        }
    }
    switch (error.code) {
        case ErrorCode::InvalidArgument: return 400;
        case ErrorCode::Unprocessable: return 422;
        case ErrorCode::Unauthenticated: return 401;
        case ErrorCode::Forbidden: return 403;
        case ErrorCode::NotFound: return 404;
        case ErrorCode::Conflict: return 409;
        case ErrorCode::Gone: return 410;
        case ErrorCode::TooLarge: return 413;
        case ErrorCode::Exhausted: return 429;
        case ErrorCode::DeadlineExceeded: return 504;
        case ErrorCode::Unavailable: return 503;
        case ErrorCode::DataLoss: return 500;
        case ErrorCode::Internal: return 500;
    }
    return 500;
}

}  // namespace zs::http
