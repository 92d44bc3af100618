#pragma once

#include "adapters/http/message.hpp"
#include "core/identity/rights.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::http {

// A handler parses, calls one core service and maps the answer. An Error becomes the error shape.
// The request outlives the coroutine.
using Handler = std::function<async::Task<Result<Response>>(Request&)>;
// For answers that need no waiting; saves the coroutine.
using PlainHandler = std::function<Result<Response>(Request&)>;

// What a route asks for before its handler runs.
struct Needs {
    enum class Credential { None, Optional, Required };
    Credential credential = Credential::Required;
    std::optional<identity::Resource> resource;
    std::optional<identity::Right> right;
};
inline Needs nothing() {
    return {Needs::Credential::None, {}, {}};
}
inline Needs optional_token() {
    return {Needs::Credential::Optional, {}, {}};
}
inline Needs token() {
    return {Needs::Credential::Required, {}, {}};
}
inline Needs right(identity::Resource resource, identity::Right needed) {
    return {Needs::Credential::Required, resource, needed};
}

struct RouteOptions {
    Needs needs;
    // Decoded body limit in bytes; 0: the server's default (ZLIMIT_BODY).
    std::uint64_t body_max = 0;
    std::string_view too_large_reason = {};  // static text; empty: the generic code of 413
    bool unlimited_body = false;             // ingest: streamed
    bool gzip_body = true;                   // Content-Encoding: gzip is understood
    bool zstd_body = false;                  // Content-Encoding: zstd, too
    bool counted = true;                     // by the rate limiter; probes and metrics are not
    bool no_store = false;                   // tokens travel in the answer
};

struct Route {
    Method method;
    // "/v1/tables/{table}/sample"; a parameter fills one segment, which is never empty. A last
    // segment "{path*}" takes the rest, which may be empty and may hold slashes.
    std::string pattern;
    RouteOptions options;
    Handler handler;  // one of the two
    PlainHandler plain_handler;
    std::vector<std::string> param_names = {};  // in the order of the pattern
    std::size_t index = 0;                      // position in Router::routes()
};

struct RouteMatch {
    const Route* route = nullptr;
    std::vector<std::string> params;  // decoded, in the order of the pattern
    std::vector<Method> allowed;      // when the path exists but the method does not
};

// Finds the route of a path by segments; static segments win over parameters.
// Threading: add() before the server starts, match() from any thread afterwards.
class Router {
public:
    Router();
    ~Router();

    void add(Method method, std::string pattern, RouteOptions options, Handler handler);
    void add_plain(Method method, std::string pattern, RouteOptions options, PlainHandler handler);
    // One trailing slash is ignored. HEAD finds GET routes.
    RouteMatch match(Method method, std::string_view path) const;
    // The same into an object that keeps its memory.
    void match_into(Method method, std::string_view path, RouteMatch& match) const;
    const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

private:
    struct Node;
    void insert(Route route);

    std::vector<std::unique_ptr<Route>> routes_;
    std::unique_ptr<Node> root_;
};

}  // namespace zs::http
