#include "core/events/outbox.hpp"

#include <algorithm>
#include <utility>

namespace zs::events {
namespace {
// Memory of so many parcels is kept for the next ones.
constexpr std::size_t kKeptCapacity = 8;
}  // namespace

void Outbox::push(ParcelPtr parcel, Overflow overflow) {
    if (parcel->event) {
        if (overflow == Overflow::DropsOldest) make_room(parcel->bytes.size());
        ++events_;
        bytes_ += parcel->bytes.size();
    }
    items_.push_back(std::move(parcel));
}

void Outbox::push_next(ParcelPtr parcel) {
    const auto at = first_ + (pinned_ ? 1 : 0);
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(at), std::move(parcel));
}

// An event larger than the whole queue gets in when it is alone.
void Outbox::make_room(std::size_t bytes) {
    std::size_t at = first_ + (pinned_ ? 1 : 0);
    while (at < items_.size() && events_ > 0
           && (events_ >= limits_->events_max || bytes_ + bytes > limits_->bytes_max)) {
        if (!items_[at]->event) {
            ++at;
            continue;
        }
        if (pinned_ && items_[first_]->event) last_seq_ = items_[first_]->event->seq;
        --events_;
        bytes_ -= items_[at]->bytes.size();
        ++gap_.count;
        ++gap_.since_last;
        if (at == first_) {
            items_[first_++].reset();
            ++at;
        } else {
            items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    compact();
}

void Outbox::pop() {
    const auto& parcel = items_[first_];
    if (parcel->event) {
        last_seq_ = parcel->event->seq;
        --events_;
        bytes_ -= parcel->bytes.size();
    }
    items_[first_++].reset();
    pinned_ = false;
    compact();
}

void Outbox::clear() {
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(first_ + (pinned_ ? 1 : 0));
    const auto is_event = [this](const ParcelPtr& parcel) {
        if (!parcel->event) return false;
        --events_;
        bytes_ -= parcel->bytes.size();
        return true;
    };
    items_.erase(std::remove_if(begin, items_.end(), is_event), items_.end());
    gap_.since_last = 0;
    compact();
}

void Outbox::compact() {
    if (first_ == items_.size()) {
        items_.clear();
        first_ = 0;
        if (items_.capacity() > kKeptCapacity) std::vector<ParcelPtr>().swap(items_);
    } else if (first_ >= 64 && first_ * 2 >= items_.size()) {
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void Outbox::start_from(std::uint64_t seq) {
    if (last_seq_ == 0) last_seq_ = seq;
}

void Outbox::note_lost() {
    ++gap_.count;
    ++gap_.since_last;
}

std::optional<Outbox::Gap> Outbox::take_gap() {
    if (gap_.since_last == 0) return std::nullopt;
    Gap gap = gap_;
    gap.last_seq = last_seq_;
    gap_.since_last = 0;
    return gap;
}

}  // namespace zs::events
