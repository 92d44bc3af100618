#include "adapters/http/routes/event_routes.hpp"

#include "adapters/http/routes/event_stream.hpp"
#include "adapters/http/routes/route_support.hpp"
#include "adapters/http/target.hpp"
#include "base/encoding.hpp"
#include "base/metrics.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>

namespace zs::http {
namespace {

constexpr std::uint64_t kSeqEnd = std::uint64_t{1} << 53;
constexpr std::size_t kTypesMax = 32;

// Every value of a parameter that may stand more than once.
std::vector<std::string> query_values(std::string_view query, std::string_view name) {
    std::vector<std::string> values;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        auto value = query_value(query.substr(0, end), name);
        if (value) values.push_back(std::move(*value));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return values;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> entries;
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        const auto entry = trim(list.substr(0, end));
        if (!entry.empty()) entries.emplace_back(entry);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return entries;
}

Result<std::uint64_t> parse_seq(std::string_view text, std::string_view field) {
    std::uint64_t seq = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seq);
    if (failed != std::errc() || end != text.data() + text.size() || seq >= kSeqEnd) {
        return invalid_field(field, "'" + std::string(field) + "' must be the seq of an event");
    }
    return seq;
}

// A client that comes back says where it was; then the query is as old as its first connect.
Result<std::optional<std::uint64_t>> after_of(const Request& request) {
    const auto last = request.header("last-event-id");
    if (last && !last->empty()) {
        const auto seq = parse_seq(*last, "Last-Event-ID");
        if (!seq) return seq.error();
        return std::optional(*seq);
    }
    const auto from = request.query("from_seq");
    if (!from) return std::optional<std::uint64_t>();
    const auto seq = parse_seq(*from, "from_seq");
    if (!seq) return seq.error();
    return std::optional(*seq);
}

std::string credential_of(const Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    const auto authorization = request.header("authorization").value_or(std::string_view{});
    if (authorization.size() > kScheme.size()
        && equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
        return std::string(trim(authorization.substr(kScheme.size())));
    }
    return std::string(request.header("x-api-key").value_or(std::string_view{}));
}

Result<Response> ws_metrics() {
    boost::json::object numbers;
    numbers["active_connections"] = static_cast<std::int64_t>(metrics::value("ws_connections"));
    numbers["dropped_total"] = static_cast<std::int64_t>(metrics::value("ws_dropped_total"));
    return json_response(numbers);
}

}  // namespace

void EventRoutes::register_routes(Router& router) {
    RouteOptions options;
    options.needs = token();
    router.add(Method::Get, "/v1/events", options,
               [this](Request& request) { return stream(request); });
    router.add_plain(Method::Get, "/v1/metrics/ws", options, [](Request&) { return ws_metrics(); });
}

async::Task<Result<std::vector<events::TopicFilter>>> EventRoutes::filters_of(Request& request) {
    const auto topics = query_values(request.raw_query(), "topic");
    if (topics.empty()) {
        co_return invalid_field("topic", "'topic' is missing: topic=tables/books&topic=system");
    }
    if (topics.size() > options_.subscriptions_max) {
        co_return invalid_field("topic",
                                "at most " + std::to_string(options_.subscriptions_max) + " topics",
                                "subscription_limit");
    }
    const auto types = split(request.query("types").value_or(std::string()));
    if (types.size() > kTypesMax) co_return invalid_field("types", "at most 32 types");
    std::vector<events::TopicFilter> filters;
    for (const auto& topic : topics) {
        auto filter = events::parse_topic_filter(topic);
        if (!filter) co_return filter.error();
        const auto principal = request.principal();
        auto may = events::check_may_listen(*filter, *principal->rights);
        if (!may) co_return may.error();
        if (options_.look_up) {
            auto there = co_await options_.look_up(principal, *filter);
            if (!there) co_return there.error();
        }
        filter->types = types;
        const auto same = [&](const auto& known) { return known.text() == filter->text(); };
        if (std::none_of(filters.begin(), filters.end(), same))
            filters.push_back(std::move(*filter));
    }
    co_return filters;
}

async::Task<Result<Response>> EventRoutes::stream(Request& request) {
    auto filters = co_await filters_of(request);
    if (!filters) co_return std::move(filters).error();
    const auto after = after_of(request);
    if (!after) co_return after.error();
    EventStream::Start start;
    start.access.principal = request.principal();
    start.access.credential = credential_of(request);
    start.access.client_ip = std::string(request.client_ip());
    start.filters = std::move(*filters);
    start.after = *after;
    start.keep_alive = options_.keep_alive;
    start.stop = request.stop_token();
    if (options_.take_place && request.method() != Method::Head) {
        start.place = options_.take_place();
        if (!start.place) co_return unavailable("too many event streams and WebSockets are open");
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    auto& io = static_cast<boost::asio::io_context&>(
        boost::asio::query(executor, boost::asio::execution::context));
    Response response;
    response.content_type = "text/event-stream";
    response.compressible = false;
    response.with("X-Accel-Buffering", "no");
    if (request.method() != Method::Head) {
        response.source =
            std::make_unique<EventStream>(fanout_.loop_of(io), io, clock_, std::move(start));
    }
    co_return response;
}

}  // namespace zs::http
