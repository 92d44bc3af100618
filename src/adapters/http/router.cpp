#include "adapters/http/router.hpp"

#include "adapters/http/target.hpp"
#include "base/assert.hpp"

#include <algorithm>

namespace zs::http {
namespace {

// The first segment of "a/b/c"; the rest is left in `path`.
std::string_view take_segment(std::string_view& path) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return segment;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_rest(std::string_view segment) {
    return is_parameter(segment) && segment.ends_with("*}");
}

}  // namespace

struct Router::Node {
    struct Child {
        std::string segment;
        std::unique_ptr<Node> node;
    };
    std::vector<Child> children;  // sorted by segment
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Node> rest;
    std::vector<const Route*> routes;  // one per method

    Node* child(std::string_view segment) const {
        const auto found = std::lower_bound(
            children.begin(), children.end(), segment,
            [](const Child& c, std::string_view text) { return c.segment < text; });
        return found != children.end() && found->segment == segment ? found->node.get() : nullptr;
    }

    Node& child_or_new(std::string_view segment) {
        if (is_rest(segment)) return *(rest ? rest : rest = std::make_unique<Node>());
        if (is_parameter(segment)) {
            return *(parameter ? parameter : parameter = std::make_unique<Node>());
        }
        if (auto* found = child(segment)) return *found;
        auto at = std::lower_bound(
            children.begin(), children.end(), segment,
            [](const Child& c, std::string_view text) { return c.segment < text; });
        return *children.insert(at, {std::string(segment), std::make_unique<Node>()})->node;
    }

    // Goes down along `path`; the parameters' texts, still escaped, land in `params`.
    const Node* find(std::string_view path, bool at_end,
                     std::vector<std::string_view>& params) const {
        if (at_end) {
            if (!routes.empty()) return this;
            if (rest == nullptr) return nullptr;
            params.push_back({});
            return rest.get();
        }
        std::string_view left = path;
        const auto segment = take_segment(left);
        const bool last = segment.size() == path.size();
        if (const auto* next = child(segment)) {
            if (const auto* found = next->find(left, last, params)) return found;
        }
        if (parameter != nullptr && !segment.empty()) {
            params.push_back(segment);
            if (const auto* found = parameter->find(left, last, params)) return found;
            params.pop_back();
        }
        if (rest == nullptr) return nullptr;
        params.push_back(path);
        return rest.get();
    }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

namespace {

Route make_route(Method method, std::string pattern, RouteOptions options) {
    Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.options = options;
    return route;
}

}  // namespace

void Router::add(Method method, std::string pattern, RouteOptions options, Handler handler) {
    auto route = make_route(method, std::move(pattern), std::move(options));
    route.handler = std::move(handler);
    insert(std::move(route));
}

void Router::add_plain(Method method, std::string pattern, RouteOptions options,
                       PlainHandler handler) {
    auto route = make_route(method, std::move(pattern), std::move(options));
    route.plain_handler = std::move(handler);
    insert(std::move(route));
}

void Router::insert(Route made) {
    auto route = std::make_unique<Route>(std::move(made));
    ZS_ASSERT(route->pattern.starts_with('/'));
    route->index = routes_.size();
    std::string_view left = std::string_view(route->pattern).substr(1);
    Node* node = root_.get();
    while (!left.empty()) {
        const auto segment = take_segment(left);
        ZS_ASSERT(!segment.empty());
        if (is_parameter(segment)) {
            auto name = segment.substr(1, segment.size() - 2);
            if (is_rest(segment)) {
                ZS_ASSERT(left.empty());
                name.remove_suffix(1);
            }
            route->param_names.emplace_back(name);
        }
        node = &node->child_or_new(segment);
    }
    for (const auto* other : node->routes)
        ZS_ASSERT(other->method != route->method);
    node->routes.push_back(route.get());
    routes_.push_back(std::move(route));
}

RouteMatch Router::match(Method method, std::string_view path) const {
    RouteMatch found;
    match_into(method, path, found);
    return found;
}

void Router::match_into(Method method, std::string_view path, RouteMatch& match) const {
    match.route = nullptr;
    match.params.clear();
    match.allowed.clear();
    if (!path.starts_with('/')) return;
    path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    // Filled and emptied within this call; kept to save the allocation.
    thread_local std::vector<std::string_view> texts;
    texts.clear();
    const auto* node = root_->find(path, path.empty(), texts);
    if (node == nullptr) return;
    const auto wanted = [&](Method m) {
        const auto at = std::find_if(node->routes.begin(), node->routes.end(),
                                     [m](const Route* route) { return route->method == m; });
        return at == node->routes.end() ? nullptr : *at;
    };
    match.route = wanted(method);
    if (match.route == nullptr && method == Method::Head) match.route = wanted(Method::Get);
    if (match.route == nullptr) {
        for (const auto* route : node->routes) {
            match.allowed.push_back(route->method);
            if (route->method == Method::Get && !wanted(Method::Head)) {
                match.allowed.push_back(Method::Head);
            }
        }
        if (!wanted(Method::Options)) match.allowed.push_back(Method::Options);
        return;
    }
    for (const auto text : texts) {
        auto decoded = percent_decode(text, Plus::IsPlus);
        if (!decoded) {
            match.route = nullptr;
            return;
        }
        match.params.push_back(std::move(*decoded));
    }
}

}  // namespace zs::http
