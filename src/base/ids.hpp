#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

namespace zs {

// A 128-bit id. New ones are version 7: they sort by creation time.
// Source: RFC 9562 section 5.7.
class Uuid {
public:
    constexpr Uuid() = default;  // nil

    // Ids made by one process strictly grow, also within one millisecond. Threading: any.
    static Uuid next(const Clock& clock);
    // Any case, with hyphens. Errors: InvalidArgument.
    static Result<Uuid> parse(std::string_view text);

    std::string to_string() const;  // 36 characters, lower case
    bool is_nil() const { return bytes_ == std::array<std::uint8_t, 16>{}; }
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    // Its second half is random, except in ids that others made.
    std::size_t hash() const noexcept {
        return static_cast<std::size_t>(word(0) * 0x9E3779B97F4A7C15ULL ^ word(8));
    }

    // By words, because sets and tables of ids do little else.
    friend bool operator==(const Uuid& a, const Uuid& b) noexcept {
        return a.word(0) == b.word(0) && a.word(8) == b.word(8);
    }
    friend std::strong_ordering operator<=>(const Uuid& a, const Uuid& b) noexcept {
        const auto high = sortable(a.word(0)) <=> sortable(b.word(0));
        return high != 0 ? high : sortable(a.word(8)) <=> sortable(b.word(8));
    }

private:
    std::uint64_t word(std::size_t first) const noexcept {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes_.data() + first, sizeof word);
        return word;
    }
    static std::uint64_t sortable(std::uint64_t word) noexcept {
        return std::endian::native == std::endian::big ? word : __builtin_bswap64(word);
    }

    std::array<std::uint8_t, 16> bytes_{};
};

// One type per kind of id, so that a session id cannot be passed for a user id.
template <class Tag>
class Id {
public:
    constexpr Id() = default;
    explicit constexpr Id(Uuid uuid) : uuid_(uuid) {}
    static Id next(const Clock& clock) { return Id(Uuid::next(clock)); }
    static Result<Id> parse(std::string_view text) {
        auto uuid = Uuid::parse(text);
        if (!uuid) return uuid.error();
        return Id(*uuid);
    }

    std::string to_string() const { return uuid_.to_string(); }
    const Uuid& uuid() const { return uuid_; }
    bool is_nil() const { return uuid_.is_nil(); }
    auto operator<=>(const Id&) const = default;

private:
    Uuid uuid_;
};

// JSON mapping (base/json_codec.hpp) finds these.
template <class Tag>
std::string to_text(const Id<Tag>& id) {
    return id.to_string();
}
template <class Tag>
Result<Id<Tag>> parse_text(std::type_identity<Id<Tag>>, std::string_view text) {
    return Id<Tag>::parse(text);
}

}  // namespace zs

template <>
struct std::hash<zs::Uuid> {
    std::size_t operator()(const zs::Uuid& id) const noexcept { return id.hash(); }
};
template <class Tag>
struct std::hash<zs::Id<Tag>> {
    std::size_t operator()(const zs::Id<Tag>& id) const noexcept { return id.uuid().hash(); }
};
