#include "adapters/usearch/hnsw_graph.hpp"

#include "adapters/usearch/graph_memory.hpp"
#include "adapters/usearch/graph_walk.hpp"
#include "adapters/usearch/limits.hpp"
#include "base/assert.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <thread>
#include <usearch/index.hpp>

namespace zs::usearch {
namespace {

using Index = unum::usearch::index_gt<float, Slot, Slot, std::allocator<char>, NodeAllocator>;

constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kPrefetchLinesMax = 8;  // further ones the processor fetches by itself
constexpr std::size_t kReserveMin = 64;

// The metric USearch is given: our kernel over our memory. There is no other one in the program.
struct Distances {
    const std::byte* base = nullptr;
    std::size_t stride = 0;
    const Slot* place = nullptr;  // by node; null: a node's place is its number
    vector::RankFn rank = nullptr;
    std::size_t dimensions = 0;

    const std::byte* of(std::size_t node) const {
        return base + (place == nullptr ? node : place[node]) * stride;
    }
    float operator()(const std::byte* query, const Index::member_citerator_t& node) const {
        return rank(query, of(get_slot(node)), dimensions);
    }
    float operator()(const Index::member_citerator_t& a, const Index::member_citerator_t& b) const {
        return rank(of(get_slot(a)), of(get_slot(b)), dimensions);
    }
};

// Asks for all vectors of a node's neighbours before the first of them is compared.
struct Prefetch {
    const Distances& distances;
    template <class Iterator>
    void operator()(Iterator begin, Iterator end) const {
        const std::size_t lines =
            std::min((distances.stride + kLineBytes - 1) / kLineBytes, kPrefetchLinesMax);
        for (; begin != end; ++begin) {
            const std::byte* at = distances.of(get_slot(begin));
            for (std::size_t line = 0; line < lines; ++line)
                __builtin_prefetch(at + line * kLineBytes);
        }
    }
};

// Numbers for the searches under way, so that each has buffers of its own.
class SearchPlaces {
public:
    std::size_t take() {
        while (true) {
            std::uint64_t used = used_.load();
            if (used == ~std::uint64_t{0}) {
                std::this_thread::yield();
                continue;
            }
            const auto place = static_cast<std::size_t>(std::countr_one(used));
            if (used_.compare_exchange_weak(used, used | std::uint64_t{1} << place)) return place;
        }
    }
    void give(std::size_t place) { used_.fetch_and(~(std::uint64_t{1} << place)); }

private:
    static_assert(limits::kSearchesMax == 64);
    std::atomic<std::uint64_t> used_{0};
};

class SearchPlace {
public:
    explicit SearchPlace(SearchPlaces& places) : places_(places), number_(places.take()) {}
    ~SearchPlace() { places_.give(number_); }
    SearchPlace(const SearchPlace&) = delete;
    SearchPlace& operator=(const SearchPlace&) = delete;
    std::size_t number() const { return number_; }

private:
    SearchPlaces& places_;
    std::size_t number_;
};

Error no_memory() {
    return exhausted("there is no memory for the index", "too_many_vectors");
}

// What graph_walk.cpp takes for granted; the rest of it a test shows.
static_assert(std::is_same_v<Index::vector_key_t, Slot>);

// The kernel that ranks what the graph compares. Copies for cosine have norm 1, so that their inner
// product tells the same.
vector::RankFn kernel_of(const data::HnswParameters& parameters) {
    const bool copies = parameters.storage != vector::Scalar::F32;
    const bool unit = copies && parameters.metric == vector::Metric::Cosine;
    const auto metric = unit ? vector::Metric::InnerProduct : parameters.metric;
    return vector::rank_function(metric, parameters.storage);
}

}  // namespace

struct HnswGraph::State {
    State(const data::HnswParameters& given, const ColumnVectors& column)
        : parameters(given), vectors(column) {}

    bool copies() const { return parameters.storage != vector::Scalar::F32; }
    std::size_t stride() const {
        return vector::bytes_per_vector(parameters.storage, vectors.dimensions());
    }
    Distances distances() const {
        Distances made;
        made.base = copies() ? copy->data() : reinterpret_cast<const std::byte*>(vectors.values(0));
        made.stride = stride();
        made.place = copies() ? nullptr : slot_of_node.data();
        made.rank = rank;
        made.dimensions = vectors.dimensions();
        return made;
    }
    void convert(std::span<const float> values, std::byte* out) const;
    Result<void> copy_node(std::size_t node, Slot slot);

    data::HnswParameters parameters;
    const ColumnVectors& vectors;
    vector::RankFn rank = nullptr;
    float magnitude_max = 0;
    float scale = 1;
    std::unique_ptr<MappedMemory> copy;  // by node; unused for f32
    std::vector<Slot> slot_of_node;
    std::vector<const char*> nodes;  // where their links are
    std::uint32_t entry = 0;         // the first node of the top level
    Index index;
    mutable SearchPlaces places;
    mutable std::array<GraphWalk, limits::kSearchesMax> walks;
    vector::TileFn four = nullptr;  // sums of four pairs
};

// To the storage's scalar; for cosine with norm 1.
void HnswGraph::State::convert(std::span<const float> values, std::byte* out) const {
    const float norm = parameters.metric == vector::Metric::Cosine
                           ? vector::norm(vector::Scalar::F32, values.data(), values.size())
                           : 0.0F;
    if (norm <= 0 || !std::isfinite(norm)) {
        vector::quantise(parameters.storage, values, out, scale);
        return;
    }
    std::vector<float> unit(values.begin(), values.end());
    for (float& value : unit)
        value /= norm;
    vector::quantise(parameters.storage, unit, out, scale);
}

Result<void> HnswGraph::State::copy_node(std::size_t node, Slot slot) {
    if (!copies()) return {};
    auto grown = copy->grow_to((node + 1) * stride());
    if (!grown) return grown;
    convert(vectors.vector(slot), copy->data() + node * stride());
    return {};
}

float HnswGraph::magnitude_of(const data::HnswParameters& parameters,
                              std::span<const float> values) {
    const float largest = vector::max_magnitude(values);
    if (parameters.metric != vector::Metric::Cosine) return largest;
    const float norm = vector::norm(vector::Scalar::F32, values.data(), values.size());
    return norm > 0 ? largest / norm : 0;
}

HnswGraph::HnswGraph(std::unique_ptr<State> state) : state_(std::move(state)) {}
HnswGraph::~HnswGraph() = default;

Result<std::unique_ptr<HnswGraph>> HnswGraph::make(const data::HnswParameters& parameters,
                                                   const ColumnVectors& vectors,
                                                   float magnitude_max) {
    auto state = std::make_unique<State>(parameters, vectors);
    state->rank = kernel_of(parameters);
    const auto term = parameters.metric == vector::Metric::L2 ? vector::Term::SquaredDifference
                                                              : vector::Term::Product;
    state->four = vector::tiles_for(term, parameters.storage).tall;
    ZS_ASSERT(state->rank != nullptr);
    state->magnitude_max = magnitude_max;
    state->scale = vector::i8_scale(magnitude_max);
    if (state->copies()) {
        auto copy = MappedMemory::reserve(limits::kColumnBytesMax);
        if (!copy) return std::move(copy).error();
        state->copy = std::move(*copy);
    }
    auto made = Index::make(unum::usearch::index_config_t(parameters.m));
    if (made.error) {
        made.error.release();
        return no_memory();
    }
    state->index = std::move(made.index);
    return std::unique_ptr<HnswGraph>(new HnswGraph(std::move(state)));
}

const data::HnswParameters& HnswGraph::parameters() const {
    return state_->parameters;
}

float HnswGraph::magnitude_max() const {
    return state_->magnitude_max;
}

std::size_t HnswGraph::size() const {
    return state_->slot_of_node.size();
}

std::span<const Slot> HnswGraph::slots() const {
    return state_->slot_of_node;
}

Result<void> HnswGraph::reserve(std::size_t nodes) {
    State& state = *state_;
    if (nodes <= state.index.capacity()) return {};
    const std::size_t wanted = std::max({nodes, state.index.capacity() * 3 / 2, kReserveMin});
    unum::usearch::index_limits_t room(wanted, limits::kSearchesMax);
    room.threads_add = limits::kSearchesMax;
    if (!state.index.try_reserve(room)) return no_memory();
    state.slot_of_node.reserve(wanted);
    return {};
}

Result<void> HnswGraph::add(Slot slot) {
    State& state = *state_;
    const std::size_t node = size();
    auto room = reserve(node + 1);
    if (!room) return room;
    auto copied = state.copy_node(node, slot);
    if (!copied) return copied;
    state.slot_of_node.push_back(slot);
    const Distances distances = state.distances();
    unum::usearch::index_update_config_t config;
    config.expansion = state.parameters.ef_construction;
    auto added = state.index.add(slot, distances.of(node), distances, config,
                                 unum::usearch::dummy_callback_t{}, Prefetch{distances});
    if (!added.error) {
        note_nodes(node);
        return {};
    }
    added.error.release();
    state.slot_of_node.pop_back();
    return no_memory();
}

// From `first` on nodes are new.
void HnswGraph::note_nodes(std::size_t first) {
    State& state = *state_;
    state.nodes.reserve(state.slot_of_node.capacity());
    for (std::size_t node = first; node < size(); ++node) {
        const auto number = static_cast<std::uint32_t>(node);
        state.nodes.push_back(state.index.at(number).key.ptr());
        const int level = GraphLinks::level_of(state.nodes.back());
        if (level > GraphLinks::level_of(state.nodes[state.entry])) state.entry = number;
    }
}

// A node's slot and copy are known before anybody can come upon the node: USearch calls back when
// it has a number and no links yet.
bool HnswGraph::add_beside(Slot slot, std::size_t thread) {
    State& state = *state_;
    const Distances distances = state.distances();
    std::vector<std::byte> converted;
    const auto* asked = reinterpret_cast<const std::byte*>(state.vectors.values(slot));
    if (state.copies()) {
        converted.resize(state.stride());
        state.convert(state.vectors.vector(slot), converted.data());
        asked = converted.data();
    }
    unum::usearch::index_update_config_t config;
    config.expansion = state.parameters.ef_construction;
    config.thread = thread;
    const auto place = [&](const Index::member_ref_t& member) {
        state.slot_of_node[member.slot] = slot;
        if (!state.copies()) return;
        std::memcpy(state.copy->data() + member.slot * state.stride(), converted.data(),
                    converted.size());
    };
    auto added = state.index.add(slot, asked, distances, config, place, Prefetch{distances});
    if (!added.error) return true;
    added.error.release();
    return false;
}

Result<void> HnswGraph::add_all(std::span<const Slot> slots, std::size_t threads,
                                const std::function<bool()>& proceed) {
    State& state = *state_;
    const std::size_t before = size();
    auto room = reserve(before + slots.size());
    if (room && state.copies()) {
        room = state.copy->grow_to((before + slots.size()) * state.stride());
    }
    if (!room) return room;
    state.slot_of_node.resize(before + slots.size());
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::atomic<bool> stopped{false};
    const auto work = [&](std::size_t thread) {
        for (std::size_t i = next++; i < slots.size() && !failed && !stopped; i = next++) {
            if (!add_beside(slots[i], thread)) failed = true;
            if (!proceed()) stopped = true;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t thread = 1; thread < std::min(threads, limits::kSearchesMax); ++thread)
            others.emplace_back(work, thread);
        work(0);
    }
    // Numbers are given without gaps, so whoever stopped early leaves the last ones unused.
    state.slot_of_node.resize(state.index.size());
    note_nodes(before);
    if (failed) return no_memory();
    return {};
}

Result<std::vector<Candidate>> HnswGraph::search(std::span<const float> query, std::size_t wanted,
                                                 std::size_t ef,
                                                 std::span<const std::uint64_t> allowed) const {
    const State& state = *state_;
    std::vector<Candidate> found;
    if (size() == 0 || wanted == 0) return found;
    if (allowed.empty()) return walk(query, wanted, ef);
    std::vector<std::byte> converted;
    const auto* asked = reinterpret_cast<const std::byte*>(query.data());
    if (state.copies()) {
        converted.resize(state.stride());
        state.convert(query, converted.data());
        asked = converted.data();
    }
    const Distances distances = state.distances();
    const Prefetch prefetch{distances};
    const SearchPlace place(state.places);
    unum::usearch::index_search_config_t config;
    config.expansion = std::max(ef, wanted);
    config.thread = place.number();
    const auto is_allowed = [&](const Index::member_cref_t& member) {
        return has_bit(allowed, state.slot_of_node[member.slot]);
    };
    auto result = state.index.search(asked, wanted, distances, config, is_allowed, prefetch);
    if (result.error) {
        result.error.release();
        return no_memory();
    }
    found.reserve(result.count);
    for (std::size_t i = 0; i < result.count; ++i) {
        const auto match = result[i];
        found.push_back({match.distance, state.slot_of_node[match.member.slot]});
    }
    return found;
}

// Without a filter, by a walk of our own over USearch's links.
std::vector<Candidate> HnswGraph::walk(std::span<const float> query, std::size_t wanted,
                                       std::size_t ef) const {
    const State& state = *state_;
    const Distances distances = state.distances();
    const bool is_cosine = state.parameters.metric == vector::Metric::Cosine;
    GraphLinks links;
    links.nodes = state.nodes;
    links.base_neighbours = state.index.config().connectivity_base;
    links.upper_neighbours = state.index.config().connectivity;
    links.entry = state.entry;
    // Tiles read beyond the query's end, and compare halves with f32.
    thread_local std::vector<float> padded;
    thread_local std::vector<std::byte> converted;
    const std::size_t stride = state.stride();
    const std::size_t room = query.size_bytes() + vector::kQueryPaddingBytes;
    padded.assign((room + sizeof(float) - 1) / sizeof(float), 0.0F);
    WalkTarget target;
    target.query = query.data();
    if (state.copies()) {
        converted.resize(stride);
        state.convert(query, converted.data());
        target.query = converted.data();
    }
    if (state.parameters.storage == vector::Scalar::I8 || !state.copies()) {
        std::memcpy(padded.data(), target.query, stride);
    } else {
        vector::dequantise(state.parameters.storage, target.query,
                           std::span(padded).first(query.size()));
    }
    target.padded_query = padded.data();
    target.base = distances.base;
    target.stride = stride;
    target.place = distances.place;
    target.rank = state.rank;
    target.four = state.four;
    target.dimensions = distances.dimensions;
    target.metric =
        is_cosine && state.copies() ? vector::Metric::InnerProduct : state.parameters.metric;
    if (is_cosine && !state.copies()) {
        target.norms = state.vectors.norms();
        target.query_norm = vector::norm(vector::Scalar::F32, query.data(), query.size());
    }
    const SearchPlace place(state.places);
    const auto nearest = state.walks[place.number()].run(links, target, std::max(ef, wanted));
    std::vector<Candidate> found;
    found.reserve(std::min(wanted, nearest.size()));
    for (const auto& each : nearest.first(std::min(wanted, nearest.size())))
        found.push_back({each.rank, state.slot_of_node[each.node]});
    return found;
}

std::size_t HnswGraph::layer_count() const {
    return size() == 0 ? 0 : state_->index.max_level() + 1;
}

std::vector<data::VectorLayer> HnswGraph::layers() const {
    const Index& index = state_->index;
    std::vector<data::VectorLayer> out;
    for (std::size_t level = 0; level < layer_count(); ++level) {
        const auto stats = index.stats(level);
        data::VectorLayer layer;
        layer.level = level;
        layer.nodes = stats.nodes;
        if (stats.nodes > 0) {
            layer.average_degree =
                static_cast<double>(stats.edges) / static_cast<double>(stats.nodes);
        }
        layer.degree_max =
            level == 0 ? index.config().connectivity_base : index.config().connectivity;
        out.push_back(layer);
    }
    return out;
}

std::size_t HnswGraph::memory_bytes() const {
    const State& state = *state_;
    return state.nodes.capacity() * sizeof(const char*) + state.index.tape_allocator().bytes()
           + state.index.capacity() * sizeof(void*) + state.slot_of_node.capacity() * sizeof(Slot)
           + (state.copy ? state.copy->bytes() : 0);
}

Result<void> HnswGraph::save(const Write& write) const {
    Result<void> outcome;
    const auto output = [&](const void* data, std::size_t bytes) {
        outcome = write(std::string_view(static_cast<const char*>(data), bytes));
        return outcome.has_value();
    };
    auto saved = state_->index.save_to_stream(output);
    if (!saved.error) return {};
    saved.error.release();
    return outcome ? Result<void>(internal_error("the graph cannot be written")) : outcome;
}

Result<void> HnswGraph::load(std::string_view bytes, std::vector<Slot> slot_of_node) {
    State& state = *state_;
    const Error damaged = data_loss("the stored graph is damaged");
    const auto input = [&](void* data, std::size_t wanted) {
        if (wanted > bytes.size()) return false;
        std::memcpy(data, bytes.data(), wanted);
        bytes.remove_prefix(wanted);
        return true;
    };
    auto room = reserve(std::max(slot_of_node.size(), kReserveMin));
    if (!room) return room;
    auto loaded = state.index.load_from_stream(input);
    if (loaded.error) {
        loaded.error.release();
        return damaged;
    }
    if (!bytes.empty() || state.index.size() != slot_of_node.size()) return damaged;
    state.slot_of_node = std::move(slot_of_node);
    for (std::size_t node = 0; node < size(); ++node) {
        auto copied = state.copy_node(node, state.slot_of_node[node]);
        if (!copied) return copied;
    }
    note_nodes(0);
    return {};
}

}  // namespace zs::usearch
