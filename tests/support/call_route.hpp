#pragma once

#include "adapters/http/router.hpp"
#include "support/fake_request.hpp"
#include "support/run_task.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <stdexcept>
#include <string>

namespace zs::testing {

// Finds the route of the request and runs its handler to the end, without the server's checks.
inline Result<http::Response> call_route(const http::Router& router, FakeRequest& request) {
    const auto match = router.match(request.method(), request.path());
    if (match.route == nullptr) {
        throw std::runtime_error("no route for " + std::string(request.path()));
    }
    for (std::size_t i = 0; i < match.params.size(); ++i) {
        request.with_param(match.route->param_names[i], match.params[i]);
    }
    if (match.route->plain_handler) return match.route->plain_handler(request);
    return run_task(match.route->handler(request));
}

// The whole body, also when it is streamed. Errors: those of the stream.
inline Result<std::string> body_of(http::Response& response) {
    std::string all = response.body;
    while (response.source) {
        std::string piece;
        auto more = run_task(response.source->next(piece));
        if (!more) return std::move(more).error();
        if (!*more) break;
        all += piece;
    }
    return all;
}

// The body of an answer that must have succeeded.
inline boost::json::value json_of(const Result<http::Response>& answer) {
    if (!answer) throw std::runtime_error("answered an error: " + answer.error().message);
    return boost::json::parse(answer->body);
}

inline std::string header_of(const http::Response& response, std::string_view name) {
    for (const auto& header : response.headers) {
        if (equals_ignoring_case(header.name, name)) return header.value;
    }
    return {};
}

}  // namespace zs::testing
