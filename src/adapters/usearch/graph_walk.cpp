#include "adapters/usearch/graph_walk.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace zs::usearch {
namespace {

constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kPrefetchLinesMax = 8;  // further ones the processor fetches by itself
constexpr std::size_t kHeadBytes = sizeof(Slot) + sizeof(std::int16_t);

template <class T>
T load(const char* at) {
    T value{};
    std::memcpy(&value, at, sizeof(value));
    return value;
}

void prefetch(const WalkTarget& target, std::uint32_t node) {
    const std::byte* const at = target.of(node);
    const std::size_t lines =
        std::min((target.stride + kLineBytes - 1) / kLineBytes, kPrefetchLinesMax);
    for (std::size_t line = 0; line < lines; ++line)
        __builtin_prefetch(at + line * kLineBytes);
}

float rank_of_sum(const WalkTarget& target, std::uint32_t node, float sum) {
    if (target.metric == vector::Metric::L2) return sum;
    if (target.metric == vector::Metric::InnerProduct) return -sum;
    return vector::cosine_rank(sum, target.query_norm, target.norms[target.place_of(node)]);
}

// NaN is behind everything else.
float ordered(float rank) {
    return rank == rank ? rank : std::numeric_limits<float>::infinity();
}

}  // namespace

int GraphLinks::level_of(const char* node) {
    return load<std::int16_t>(node + sizeof(Slot));
}

std::uint32_t GraphLinks::Neighbours::operator[](std::size_t i) const {
    return load<std::uint32_t>(at + i * sizeof(std::uint32_t));
}

GraphLinks::Neighbours GraphLinks::neighbours(std::uint32_t node, int level) const {
    const char* list = nodes[node] + kHeadBytes;
    if (level > 0) {
        list += (1 + base_neighbours) * sizeof(std::uint32_t);
        list +=
            static_cast<std::size_t>(level - 1) * (1 + upper_neighbours) * sizeof(std::uint32_t);
    }
    return {list + sizeof(std::uint32_t), load<std::uint32_t>(list)};
}

std::span<const GraphWalk::Found> GraphWalk::run(const GraphLinks& links, const WalkTarget& target,
                                                 std::size_t ef) {
    forget(links.nodes.size());
    list_.clear();
    list_.reserve(ef + 1);
    const std::uint32_t start = descend(links, target);
    seen_[start] = search_;
    insert(ordered(target.rank(target.query, target.of(start), target.dimensions)), start, ef);
    for (std::size_t next = 0; next < list_.size();) {
        Found& candidate = list_[next];
        if ((candidate.node & kLookedAt) != 0) {
            ++next;
            continue;
        }
        const std::uint32_t node = candidate.node;
        candidate.node |= kLookedAt;
        gather_unseen(links.neighbours(node, 0), target);
        // Whoever is likely to be next, while the ranks are computed.
        if (next + 1 < list_.size()) {
            __builtin_prefetch(links.nodes[list_[next + 1].node & ~kLookedAt]);
        }
        rank_gathered(target);
        std::size_t nearest = next + 1;
        for (std::size_t i = 0; i < gathered_.size(); ++i) {
            if (list_.size() == ef && ranks_[i] >= list_.back().rank) continue;
            nearest = std::min(nearest, insert(ranks_[i], gathered_[i], ef));
        }
        next = nearest;
    }
    for (Found& found : list_)
        found.node &= ~kLookedAt;
    return list_;
}

std::size_t GraphWalk::bytes() const {
    return seen_.capacity() + list_.capacity() * sizeof(Found);
}

// Nothing was seen: by another number for this search, and zeros when the numbers are used up.
void GraphWalk::forget(std::size_t nodes) {
    if (seen_.size() < nodes) seen_.resize(std::max(nodes, seen_.size() * 3 / 2));
    if (++search_ != 0) return;
    std::ranges::fill(seen_, std::uint8_t{0});
    search_ = 1;
}

// On the upper levels from neighbour to nearer neighbour.
std::uint32_t GraphWalk::descend(const GraphLinks& links, const WalkTarget& target) {
    std::uint32_t nearest = links.entry;
    float least = ordered(target.rank(target.query, target.of(nearest), target.dimensions));
    for (int level = GraphLinks::level_of(links.nodes[nearest]); level > 0; --level) {
        for (bool moved = true; moved;) {
            moved = false;
            gather(links.neighbours(nearest, level), target);
            rank_gathered(target);
            for (std::size_t i = 0; i < gathered_.size(); ++i) {
                if (ranks_[i] >= least) continue;
                least = ranks_[i];
                nearest = gathered_[i];
                moved = true;
            }
        }
    }
    return nearest;
}

void GraphWalk::gather(const GraphLinks::Neighbours& neighbours, const WalkTarget& target) {
    gathered_.clear();
    for (std::uint32_t i = 0; i < neighbours.count; ++i) {
        gathered_.push_back(neighbours[i]);
        prefetch(target, gathered_.back());
    }
}

void GraphWalk::gather_unseen(const GraphLinks::Neighbours& neighbours, const WalkTarget& target) {
    gathered_.clear();
    for (std::uint32_t i = 0; i < neighbours.count; ++i) {
        const std::uint32_t node = neighbours[i];
        if (seen_[node] == search_) continue;
        seen_[node] = search_;
        prefetch(target, node);
        gathered_.push_back(node);
    }
}

void GraphWalk::rank_gathered(const WalkTarget& target) {
    const std::size_t count = gathered_.size();
    ranks_.resize(count);
    std::size_t i = 0;
    for (; target.four != nullptr && i + vector::kTileVectors <= count; i += vector::kTileVectors) {
        const void* vectors[vector::kTileVectors];
        for (std::size_t j = 0; j < vector::kTileVectors; ++j)
            vectors[j] = target.of(gathered_[i + j]);
        target.four(vectors, &target.padded_query, target.dimensions, &ranks_[i]);
        for (std::size_t j = i; j < i + vector::kTileVectors; ++j)
            ranks_[j] = ordered(rank_of_sum(target, gathered_[j], ranks_[j]));
    }
    for (; i < count; ++i)
        ranks_[i] = ordered(target.rank(target.query, target.of(gathered_[i]), target.dimensions));
}

// Answers where it went. The farthest one falls out of a full list.
std::size_t GraphWalk::insert(float rank, std::uint32_t node, std::size_t ef) {
    const auto at = std::ranges::upper_bound(list_, rank, {}, &Found::rank);
    const auto where = static_cast<std::size_t>(at - list_.begin());
    if (list_.size() == ef) {
        if (where == ef) return ef;
        std::copy_backward(at, list_.end() - 1, list_.end());
        list_[where] = {rank, node};
    } else {
        list_.insert(at, {rank, node});
    }
    return where;
}

}  // namespace zs::usearch
