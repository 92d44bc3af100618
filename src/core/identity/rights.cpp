#include "core/identity/rights.hpp"

#include "base/encoding.hpp"

namespace zs::identity {
namespace {
constexpr std::array<std::string_view, 4> kRights = {"create", "read", "update", "delete"};
constexpr std::array<std::string_view, kResourceCount> kResources = {
    "collections", "tables",    "indexes",   "jobs", "files",
    "permissions", "workflows", "documents", "rooms"};

template <class T, std::size_t N>
Result<T> parse_word(const std::array<std::string_view, N>& words, std::string_view text,
                     std::string_view what) {
    std::string known;
    for (std::size_t i = 0; i < N; ++i) {
        if (words[i] == text) return static_cast<T>(i);
        known += (i == 0 ? "" : ", ");
        known += words[i];
    }
    return invalid_argument("'" + std::string(text.substr(0, 40)) + "' is not a "
                            + std::string(what) + ": use one of " + known);
}
}  // namespace

std::string_view to_text(Right right) noexcept {
    return kRights[static_cast<std::size_t>(right)];
}

Result<Right> parse_text(std::type_identity<Right>, std::string_view text) {
    return parse_word<Right>(kRights, text, "right");
}

std::string_view to_text(Resource resource) noexcept {
    return kResources[static_cast<std::size_t>(resource)];
}

Result<Resource> parse_text(std::type_identity<Resource>, std::string_view text) {
    return parse_word<Resource>(kResources, text, "resource");
}

std::vector<Right> RightSet::to_vector() const {
    std::vector<Right> out;
    for (const Right right : {Right::Create, Right::Read, Right::Update, Right::Delete}) {
        if (has(right)) out.push_back(right);
    }
    return out;
}

Rights Rights::everything() {
    Rights rights;
    rights.resources_.fill(RightSet::all());
    return rights;
}

void Rights::set_table(std::string_view table, RightSet rights) {
    tables_.insert_or_assign(to_lower(table), rights);
}

RightSet Rights::on_table(std::string_view table) const {
    if (tables_.empty()) return on(Resource::Tables);
    const auto found = tables_.find(to_lower(table));
    return found == tables_.end() ? on(Resource::Tables) : found->second;
}

Error missing_right(Resource resource, Right right) {
    const std::string need = std::string(to_text(resource)) + ":" + std::string(to_text(right));
    return forbidden("this needs the right " + need).with("needs", need);
}

}  // namespace zs::identity
