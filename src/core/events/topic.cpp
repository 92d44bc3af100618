#include "core/events/topic.hpp"

#include "core/events/limits.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace zs::events {
namespace {

using identity::Resource;
using identity::Right;

struct FamilyRule {
    TopicFamily family;
    std::string_view text;
    bool has_objects;
    std::optional<Resource> resource;  // the right to read it; nullopt: any credential
};

// Source: http-api.md section 9.4.
constexpr std::array kRules{
    FamilyRule{TopicFamily::Collections, "collections", true, Resource::Collections},
    FamilyRule{TopicFamily::Documents, "documents", true, Resource::Documents},
    FamilyRule{TopicFamily::Executions, "executions", true, Resource::Jobs},
    FamilyRule{TopicFamily::Jobs, "jobs", true, Resource::Jobs},
    FamilyRule{TopicFamily::Permissions, "permissions", false, Resource::Permissions},
    FamilyRule{TopicFamily::Rooms, "rooms", true, Resource::Rooms},
    FamilyRule{TopicFamily::System, "system", false, std::nullopt},
    FamilyRule{TopicFamily::Tables, "tables", true, Resource::Tables},
};

static_assert(kRules.size() == kTopicFamilyCount);

const FamilyRule& rule_of(TopicFamily family) {
    return *std::find_if(kRules.begin(), kRules.end(),
                         [family](const FamilyRule& rule) { return rule.family == family; });
}

Error unknown_topic(std::string_view text) {
    return invalid_argument("there is no topic '" + std::string(text.substr(0, 80))
                                + "': topics look like tables/<name>, tables/* or system",
                            "unknown_topic");
}

Error may_not_listen(const TopicFilter& filter, Resource resource) {
    return forbidden("listening to " + filter.text() + " needs the right "
                         + std::string(identity::to_text(resource)) + ":read",
                     "permission_denied");
}

std::string text_of(TopicFamily family, std::string_view name) {
    std::string text(to_text(family));
    if (!name.empty()) text.append("/").append(name);
    return text;
}

bool is_name(std::string_view name) {
    const auto is_control = [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; };
    return !name.empty() && std::none_of(name.begin(), name.end(), is_control);
}

}  // namespace

std::string_view to_text(TopicFamily family) noexcept {
    return rule_of(family).text;
}

std::string Topic::text() const {
    return text_of(family, name);
}

std::string TopicFilter::text() const {
    return text_of(family, wildcard ? "*" : name);
}

bool TopicFilter::matches(const Topic& topic, std::string_view type) const {
    if (topic.family != family) return false;
    if (!wildcard && topic.name != name && topic.name != Topic::kEveryName) return false;
    // Logs of every job at once are many; who wants them says so.
    if (types.empty()) return !wildcard || logs == Logs::Always || type != "log";
    return std::find(types.begin(), types.end(), type) != types.end();
}

Result<TopicFilter> parse_topic_filter(std::string_view text) {
    if (text.size() > limits::kTopicBytesMax) return unknown_topic(text);
    const auto slash = text.find('/');
    const auto family = text.substr(0, slash);
    const auto* rule = std::find_if(kRules.begin(), kRules.end(),
                                    [&](const FamilyRule& known) { return known.text == family; });
    if (rule == kRules.end()) return unknown_topic(text);
    TopicFilter filter;
    filter.family = rule->family;
    if (!rule->has_objects) {
        if (slash != std::string_view::npos) return unknown_topic(text);
        return filter;
    }
    if (slash == std::string_view::npos) return unknown_topic(text);
    const auto name = text.substr(slash + 1);
    if (name == Topic::kEveryName) {
        filter.wildcard = true;
        return filter;
    }
    if (!is_name(name)) return unknown_topic(text);
    filter.name = name;
    return filter;
}

Result<void> check_may_listen(const TopicFilter& filter, const identity::Rights& rights) {
    const auto& rule = rule_of(filter.family);
    if (!rule.resource) return {};
    const bool may = filter.family == TopicFamily::Tables && !filter.wildcard
                         ? rights.allows_table(filter.name, Right::Read)
                         : rights.allows(*rule.resource, Right::Read);
    if (!may) return may_not_listen(filter, *rule.resource);
    return {};
}

bool may_receive(const Topic& topic, const identity::Rights& rights) {
    const auto& rule = rule_of(topic.family);
    if (!rule.resource) return true;
    if (topic.family == TopicFamily::Tables) {
        // What is about all of them holds nothing of any; whoever listens to one has to hear it.
        return topic.name == Topic::kEveryName || rights.allows_table(topic.name, Right::Read);
    }
    return rights.allows(*rule.resource, Right::Read);
}

}  // namespace zs::events
