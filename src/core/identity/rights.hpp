#pragma once

#include "base/error.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zs::identity {

enum class Right : std::uint8_t { Create, Read, Update, Delete };
std::string_view to_text(Right right) noexcept;  // create, read, update, delete
Result<Right> parse_text(std::type_identity<Right>, std::string_view text);

enum class Resource : std::uint8_t {
    Collections,
    Tables,
    Indexes,
    Jobs,
    Files,
    Permissions,
    Workflows,
    Documents,
    Rooms,
};
inline constexpr std::size_t kResourceCount = 9;
std::string_view to_text(Resource resource) noexcept;  // collections, tables, …
Result<Resource> parse_text(std::type_identity<Resource>, std::string_view text);

// A set of rights, small enough to copy.
class RightSet {
public:
    constexpr RightSet() = default;
    constexpr RightSet(std::initializer_list<Right> rights) {
        for (const Right right : rights)
            add(right);
    }
    static constexpr RightSet all() {
        return {Right::Create, Right::Read, Right::Update, Right::Delete};
    }

    constexpr void add(Right right) { bits_ |= bit(right); }
    constexpr bool has(Right right) const { return (bits_ & bit(right)) != 0; }
    constexpr bool covers(RightSet other) const { return (other.bits_ & ~bits_) == 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr RightSet operator|(RightSet other) const { return RightSet(bits_ | other.bits_); }
    constexpr RightSet operator&(RightSet other) const { return RightSet(bits_ & other.bits_); }
    constexpr RightSet without(RightSet other) const {
        return RightSet(bits_ & ~static_cast<unsigned>(other.bits_));
    }
    constexpr bool operator==(const RightSet&) const = default;
    std::vector<Right> to_vector() const;  // in the order create, read, update, delete

private:
    explicit constexpr RightSet(unsigned bits) : bits_(static_cast<std::uint8_t>(bits)) {}
    static constexpr std::uint8_t bit(Right right) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(right));
    }
    std::uint8_t bits_ = 0;
};

// What a principal may do, resolved. Table-level sets replace the set of Resource::Tables for that
// one table (names compared without case, as SQL does). Immutable once shared. Threading: any.
class Rights {
public:
    Rights() = default;
    static Rights everything();  // for operators' tools and tests

    void set(Resource resource, RightSet rights) {
        resources_[static_cast<std::size_t>(resource)] = rights;
    }
    void set_table(std::string_view table, RightSet rights);

    RightSet on(Resource resource) const { return resources_[static_cast<std::size_t>(resource)]; }
    RightSet on_table(std::string_view table) const;
    const std::map<std::string, RightSet, std::less<>>& tables() const { return tables_; }

    bool allows(Resource resource, Right right) const { return on(resource).has(right); }
    bool allows_table(std::string_view table, Right right) const {
        return on_table(table).has(right);
    }

private:
    std::array<RightSet, kResourceCount> resources_{};
    std::map<std::string, RightSet, std::less<>> tables_;  // by lower-case name
};

// "permission_denied" naming the missing right: "needs tables:read".
Error missing_right(Resource resource, Right right);

}  // namespace zs::identity
