#include "vector/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace zs::vector {

bool is_nearer(const Neighbour& a, const Neighbour& b) noexcept {
    if (a.rank < b.rank) return true;
    if (b.rank < a.rank) return false;
    const bool a_is_number = !std::isnan(a.rank);
    const bool b_is_number = !std::isnan(b.rank);
    if (a_is_number != b_is_number) return a_is_number;
    return a.index < b.index;
}

TopK::TopK(std::size_t k) : k_(k), worst_rank_(-std::numeric_limits<float>::infinity()) {
    // A huge k is no promise that there are that many.
    heap_.reserve(std::min<std::size_t>(k, 1024));
}

float TopK::limit() const {
    const bool open = !is_full() || std::isnan(worst_rank_);
    return open ? std::numeric_limits<float>::infinity() : worst_rank_;
}

void TopK::offer_slow(float rank, std::uint64_t index) {
    if (k_ == 0) return;
    const Neighbour candidate{rank, index};
    if (is_full()) {
        if (!is_nearer(candidate, heap_.front())) return;
        std::ranges::pop_heap(heap_, is_nearer);
        heap_.back() = candidate;
    } else {
        heap_.push_back(candidate);
    }
    std::ranges::push_heap(heap_, is_nearer);
    worst_rank_ = heap_.front().rank;
}

void TopK::merge(const TopK& other) {
    for (const Neighbour& neighbour : other.heap_)
        offer(neighbour.rank, neighbour.index);
}

std::vector<Neighbour> TopK::take_sorted() {
    std::vector<Neighbour> sorted = std::exchange(heap_, {});
    std::ranges::sort_heap(sorted, is_nearer);
    worst_rank_ = -std::numeric_limits<float>::infinity();
    return sorted;
}

}  // namespace zs::vector
