#include "adapters/sqlite_data/virtual_tables.hpp"

#include "base/encoding.hpp"
#include "sqlite/connection.hpp"

#include <array>

namespace zs::sqlite_data {
namespace {

constexpr std::array<std::string_view, 5> kShadowSuffixes = {"_data", "_idx", "_content",
                                                             "_docsize", "_config"};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
           || static_cast<unsigned char>(c) >= 0x80;
}

// The word that ends before `end`, spaces left out.
std::string_view word_before(std::string_view text, std::size_t end) {
    const std::string_view head = trim(text.substr(0, end));
    std::size_t begin = head.size();
    while (begin > 0 && is_word(head[begin - 1]))
        --begin;
    return head.substr(begin);
}

// A quoted or plain word at the beginning of `text`.
std::string word_at(std::string_view text) {
    if (text.empty()) return {};
    const char open = text.front();
    if (open != '\'' && open != '"' && open != '`' && open != '[') {
        return std::string(trim(text.substr(0, text.find_first_of(",) \t\r\n"))));
    }
    const char close = open == '[' ? ']' : open;
    std::string word;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == close) {
            if (i + 1 >= text.size() || text[i + 1] != close) break;
            ++i;  // a doubled quote stands for one
        }
        word += text[i];
    }
    return word;
}

}  // namespace

std::vector<std::string> external_contents(std::string_view create_sql) {
    const std::string lower = to_lower(create_sql);
    std::vector<std::string> contents;
    for (auto at = lower.find('='); at != std::string::npos; at = lower.find('=', at + 1)) {
        const std::string_view name = word_before(lower, at);
        if (name.empty() || !std::string_view("content").starts_with(name)) continue;
        std::string content = word_at(trim(std::string_view(lower).substr(at + 1)));
        if (!content.empty()) contents.push_back(std::move(content));
    }
    return contents;
}

std::string external_content(std::string_view create_sql) {
    std::vector<std::string> contents = external_contents(create_sql);
    return contents.empty() ? std::string() : std::move(contents.front());
}

VirtualTables VirtualTables::load(sqlite::Connection& connection) {
    VirtualTables tables;
    auto query = connection.prepare_cached(
        "SELECT lower(name), sql, type, rootpage FROM sqlite_schema WHERE type IN ('table','view') "
        "AND sql IS NOT NULL AND (rootpage=0 OR lower(name) IN "
        "('json_each','json_tree','jsonb_each','jsonb_tree','hnsw_search'))");
    if (!query) return tables;
    while (true) {
        const auto row = query->step();
        if (!row || !*row) return tables;
        const std::string name(query->text(0));
        const bool json = name.starts_with("json");
        if ((json && (name.ends_with("_each") || name.ends_with("_tree")))
            || name == "hnsw_search") {
            tables.hidden_functions_.insert(name);
        }
        if (query->text(2) == "view") {
            tables.views_.insert(name);
        } else if (query->integer(3) == 0) {
            tables.add(name, external_content(query->text(1)));
        }
    }
}

bool VirtualTables::contains(std::string_view name) const {
    return !content_by_name_.empty() && content_by_name_.contains(to_lower(name));
}

bool VirtualTables::is_plain(std::string_view name) const {
    return !contains(name) && !views_.contains(to_lower(name));
}

bool VirtualTables::hides_function(std::string_view name) const {
    return !hidden_functions_.empty() && hidden_functions_.contains(to_lower(name));
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
