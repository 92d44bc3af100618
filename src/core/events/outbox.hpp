#pragma once

#include "core/events/parcel.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace zs::events {

// What one client has not taken yet. When it is full the oldest event goes; messages of the
// transport stay. Empty it holds no memory: most clients wait most of the time.
// Threading: one.
// Source: http-api.md section 9.5.
class Outbox {
public:
    struct Limits {
        std::size_t events_max = 256;
        std::size_t bytes_max = std::size_t{1} << 20;
    };
    // Events that the client will not get.
    struct Gap {
        std::uint64_t count = 0;  // ever
        std::uint64_t since_last = 0;
        std::uint64_t last_seq = 0;  // of the last event before it
    };
    enum class Overflow { DropsOldest, Never };

    explicit Outbox(const Limits& limits) : limits_(&limits) {}

    void push(ParcelPtr parcel, Overflow overflow = Overflow::DropsOldest);
    // In front of everything but what is half sent.
    void push_next(ParcelPtr parcel);
    bool empty() const { return first_ == items_.size(); }
    std::size_t size() const { return items_.size() - first_; }
    std::size_t events() const { return events_; }
    std::size_t bytes() const { return bytes_; }
    const ParcelPtr& at(std::size_t index) const { return items_[first_ + index]; }
    void pop();
    // The first one is half sent: it is not dropped any more.
    void pin_first() { pinned_ = true; }

    bool has_room() const { return events_ < limits_->events_max && bytes_ < limits_->bytes_max; }
    const Limits& limits() const { return *limits_; }

    // Drops every event that is not half sent, without a gap: the client gets nothing more.
    void clear();

    // Where the client stands, before its first event.
    void start_from(std::uint64_t seq);
    // Events were lost on their way here; how many, nobody knows.
    void note_lost();
    // Once for each gap: tell the client before the next event.
    std::optional<Gap> take_gap();
    std::uint64_t dropped() const { return gap_.count; }

private:
    void make_room(std::size_t bytes);
    void compact();

    const Limits* limits_;
    std::vector<ParcelPtr> items_;
    std::size_t first_ = 0;
    std::size_t events_ = 0;
    std::size_t bytes_ = 0;  // of events
    bool pinned_ = false;
    std::uint64_t last_seq_ = 0;
    Gap gap_;
};

}  // namespace zs::events
