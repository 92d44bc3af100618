#include "adapters/http/routes/route_support.hpp"

namespace zs::http {
namespace {

// The request's own target with another cursor.
std::string next_link(const Request& request, const std::string& cursor) {
    std::string link(request.path());
    char separator = '?';
    std::string_view rest = request.raw_query();
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        if (pair.empty() || pair == "cursor" || pair.starts_with("cursor=")) continue;
        link += separator;
        link += pair;
        separator = '&';
    }
    return link + separator + "cursor=" + cursor;
}

}  // namespace

identity::Client client_of(const Request& request) {
    identity::Client client;
    client.ip = request.client_ip();
    client.user_agent = request.header("user-agent").value_or(std::string_view{});
    return client;
}

Result<identity::PageRequest> page_request(const Request& request) {
    const auto limit =
        query_integer(request, "limit", identity::kPageDefault, 1, identity::kPageMax);
    if (!limit) return limit.error();
    return identity::PageRequest{static_cast<int>(*limit), request.query("cursor")};
}

Result<Window> window_of(const Request& request) {
    constexpr std::int64_t kOffsetMax = 1'000'000'000;
    const auto limit =
        query_integer(request, "limit", identity::kPageDefault, 1, identity::kPageMax);
    if (!limit) return limit.error();
    const auto offset = query_integer(request, "offset", 0, 0, kOffsetMax);
    if (!offset) return offset.error();
    return Window{static_cast<int>(*limit), *offset};
}

Response window_response(std::string_view plural, boost::json::array items, std::int64_t total,
                         const Window& window) {
    boost::json::object body;
    body.emplace(plural, std::move(items));
    body.emplace("total", total);
    body.emplace("offset", window.offset);
    body.emplace("limit", window.limit);
    return json_response(body);
}

Response page_response(const Request& request, boost::json::array items,
                       const std::optional<std::string>& next_cursor) {
    Response response = json_response(std::move(items));
    if (next_cursor) {
        response.with("X-Next-Cursor", *next_cursor);
        response.with("Link", "<" + next_link(request, *next_cursor) + ">; rel=\"next\"");
    }
    return response;
}

}  // namespace zs::http
