#pragma once

#include "base/error.hpp"
#include "core/identity/rights.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zs::events {

enum class TopicFamily : std::uint8_t {
    Collections,
    Documents,
    Executions,
    Jobs,
    Permissions,
    Rooms,
    System,
    Tables,
};
inline constexpr std::size_t kTopicFamilyCount = 8;
std::string_view to_text(TopicFamily family) noexcept;  // collections, …

// Changes of rows are many: they are made into events only while somebody listens, and for
// limits::kKeptFor after the last one left, so that whoever comes back in time misses none.
constexpr bool is_made_on_demand(TopicFamily family) {
    return family == TopicFamily::Collections || family == TopicFamily::Tables;
}

// What an event is about: "jobs/<id>", "tables/<name>", or a family without objects: "system".
struct Topic {
    TopicFamily family = TopicFamily::System;
    // "" for permissions and system; kEveryName when it is about every object of the family.
    std::string name;

    static constexpr std::string_view kEveryName = "*";
    std::string text() const;
    auto operator<=>(const Topic&) const = default;
};

// What a client listens to: one topic, or every topic of a family ("jobs/*").
struct TopicFilter {
    TopicFamily family = TopicFamily::System;
    std::string name;  // "" for all of a wildcard
    bool wildcard = false;
    std::vector<std::string> types;  // empty: all, but for "log" of a wildcard
    // Always: for whoever looks at the types later.
    enum class Logs : std::uint8_t { WhenNamed, Always } logs = Logs::WhenNamed;

    std::string text() const;
    bool matches(const Topic& topic, std::string_view type) const;
};

// "jobs/*", "tables/books", "system". Errors: InvalidArgument "unknown_topic".
Result<TopicFilter> parse_topic_filter(std::string_view text);

// Whether somebody with these rights may listen at all. A wildcard may hold topics that they may
// not see: ask may_receive for each event. Errors: Forbidden "permission_denied".
Result<void> check_may_listen(const TopicFilter& filter, const identity::Rights& rights);
bool may_receive(const Topic& topic, const identity::Rights& rights);

}  // namespace zs::events
