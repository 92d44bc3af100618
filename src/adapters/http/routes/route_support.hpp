#pragma once

#include "adapters/http/router.hpp"
#include "base/json_codec.hpp"
#include "core/identity/client.hpp"
#include "core/identity/page.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the handlers of REST routes share: reading bodies, ids and filters, answering lists.
namespace zs::http {

// The body as a described struct. Errors: as read_json and decode_json.
template <class T>
async::Task<Result<T>> read_body(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    co_return decode_json<T>(*body);
}
// The same; an empty body is an empty object.
template <class T>
async::Task<Result<T>> read_body_or_empty(Request& request) {
    auto body = co_await read_json_or_empty(request);
    if (!body) co_return std::move(body).error();
    co_return decode_json<T>(*body);
}

// An id out of the path. Errors: InvalidArgument naming the parameter.
template <class AnyId>
Result<AnyId> path_id(const Request& request, std::string_view name = "id") {
    auto id = AnyId::parse(request.path_param(name));
    if (id) return id;
    Error error = id.error();
    return std::move(error).with("field", name);
}

// A filter in the query whose type knows its texts. Errors: InvalidArgument naming it.
template <class T>
Result<std::optional<T>> query_filter(const Request& request, std::string_view name) {
    const auto text = request.query(name);
    if (!text) return std::optional<T>{};
    auto value = decode_json<T>(boost::json::value(boost::json::string(*text)), std::string(name));
    if (value) return std::optional<T>(std::move(*value));
    Error error = invalid_argument(value.error().message);
    return std::move(error).with("field", name);
}

// Where the request comes from, for sessions and the audit log.
identity::Client client_of(const Request& request);

// `limit` (1-1000, default 100) and `cursor`.
Result<identity::PageRequest> page_request(const Request& request);

// `limit` (1-1000, default 100) and `offset` of the lists under /api/v1.
struct Window {
    int limit = 0;
    std::int64_t offset = 0;
};
Result<Window> window_of(const Request& request);

// {"<plural>":[…],"total":…,"offset":…,"limit":…}
Response window_response(std::string_view plural, boost::json::array items, std::int64_t total,
                         const Window& window);

// A bare array; X-Next-Cursor and Link when more follows.
Response page_response(const Request& request, boost::json::array items,
                       const std::optional<std::string>& next_cursor);

template <class T>
boost::json::array encode_list(const std::vector<T>& items) {
    boost::json::array out;
    out.reserve(items.size());
    for (const auto& item : items)
        out.push_back(encode_json(item));
    return out;
}

template <class T>
Result<Response> page_answer(const Request& request, const Result<identity::Page<T>>& page) {
    if (!page) return page.error();
    return page_response(request, encode_list(page->items), page->next_cursor);
}

enum class SortOrder { Ascending, Descending };

// One page of a list that is short enough to be had as a whole. `key_of` gives each item's own
// text.
// Errors: InvalidArgument "invalid_cursor".
template <class T, class KeyOf>
Result<identity::Page<T>> page_of(std::vector<T> items, const identity::PageRequest& wanted,
                                  std::string_view filters, KeyOf key_of, SortOrder order) {
    const auto before = [order](const std::string& a, const std::string& b) {
        return order == SortOrder::Ascending ? a < b : b < a;
    };
    std::sort(items.begin(), items.end(),
              [&](const T& a, const T& b) { return before(key_of(a), key_of(b)); });
    if (wanted.cursor) {
        const auto last = identity::read_cursor(filters, *wanted.cursor);
        if (!last) return last.error();
        std::erase_if(items, [&](const T& item) { return !before(*last, key_of(item)); });
    }
    return identity::make_page(std::move(items), wanted, filters, key_of);
}

// The answer of a service as the answer of a route.
template <class T>
Result<Response> answer(const Result<T>& outcome, unsigned status = 200) {
    if (!outcome) return outcome.error();
    return json_response(encode_json(*outcome), status);
}
inline Result<Response> answer_empty(const Result<void>& outcome) {
    if (!outcome) return outcome.error();
    return no_content();
}

}  // namespace zs::http
