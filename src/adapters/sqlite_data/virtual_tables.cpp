#include "adapters/sqlite_data/virtual_tables.hpp"

#include "base/encoding.hpp"
#include "sqlite/connection.hpp"

#include <array>

namespace zs::sqlite_data {
namespace {

constexpr std::array<std::string_view, 5> kShadowSuffixes = {"_data", "_idx", "_content",
                                                             "_docsize", "_config"};

}  // namespace

std::string external_content(std::string_view create_sql) {
    const std::string lower = to_lower(create_sql);
    for (auto at = lower.find("content"); at != std::string::npos;
         at = lower.find("content", at + 1)) {
        std::string_view rest = trim(std::string_view(lower).substr(at + 7));
        // A column called content, or content_rowid=…, is something else.
        if (!rest.starts_with('=')) continue;
        rest = trim(rest.substr(1));
        if (rest.empty()) return {};
        const char quote = rest.front();
        if (quote == '\'' || quote == '"' || quote == '`' || quote == '[') {
            rest.remove_prefix(1);
            return std::string(rest.substr(0, rest.find(quote == '[' ? ']' : quote)));
        }
        return std::string(trim(rest.substr(0, rest.find_first_of(",) \t\r\n"))));
    }
    return {};
}

VirtualTables VirtualTables::load(sqlite::Connection& connection) {
    VirtualTables tables;
    auto query = connection.prepare_cached(
        "SELECT name, sql FROM sqlite_schema WHERE type='table' AND rootpage=0 AND sql IS NOT NULL");
    if (!query) return tables;
    while (true) {
        const auto row = query->step();
        if (!row || !*row) return tables;
        tables.add(query->text(0), external_content(query->text(1)));
    }
}

void VirtualTables::add(std::string_view name, std::string content) {
    content_by_name_[to_lower(name)] = std::move(content);
}

std::optional<std::string> VirtualTables::owner_of_shadow(std::string_view name) const {
    if (content_by_name_.empty()) return std::nullopt;
    const std::string lower = to_lower(name);
    for (const auto suffix : kShadowSuffixes) {
        if (!lower.ends_with(suffix)) continue;
        std::string owner = lower.substr(0, lower.size() - suffix.size());
        if (content_by_name_.contains(owner)) return owner;
    }
    return std::nullopt;
}

std::string VirtualTables::content_of(std::string_view name) const {
    if (content_by_name_.empty()) return {};
    const auto found = content_by_name_.find(to_lower(name));
    return found == content_by_name_.end() ? std::string() : found->second;
}

}  // namespace zs::sqlite_data
