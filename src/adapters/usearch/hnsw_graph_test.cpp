#include "adapters/usearch/hnsw_graph.hpp"

#include "vector/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>

namespace zs::usearch {
namespace {

constexpr std::size_t kDimensions = 16;

class HnswGraphTest : public ::testing::Test {
protected:
    void SetUp() override { RecordProperty("seed", 42); }

    std::vector<float> random_vector() {
        std::vector<float> values(kDimensions);
        for (float& value : values)
            value = normal_(random_);
        return values;
    }
    void fill(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto slot = vectors_->add(static_cast<std::int64_t>(i), random_vector());
            ASSERT_TRUE(slot);
        }
    }
    std::unique_ptr<HnswGraph> build(const data::HnswParameters& parameters) {
        float magnitude = 0;
        for (Slot slot = 0; slot < vectors_->slots(); ++slot) {
            magnitude =
                std::max(magnitude, HnswGraph::magnitude_of(parameters, vectors_->vector(slot)));
        }
        auto graph = HnswGraph::make(parameters, *vectors_, magnitude);
        if (!graph) return nullptr;
        for (Slot slot = 0; slot < vectors_->slots(); ++slot) {
            if (!(*graph)->add(slot)) return nullptr;
        }
        return std::move(*graph);
    }
    std::set<Slot> truth(std::span<const float> query, vector::Metric metric, std::size_t k,
                         std::span<const std::uint64_t> allowed = {}) const {
        vector::TopK best(k);
        const auto rank = vector::rank_function(metric, vector::Scalar::F32);
        for (Slot slot = 0; slot < vectors_->slots(); ++slot) {
            if (!allowed.empty() && !has_bit(allowed, slot)) continue;
            best.offer(rank(query.data(), vectors_->values(slot), kDimensions), slot);
        }
        std::set<Slot> out;
        for (const auto& near : best.take_sorted())
            out.insert(static_cast<Slot>(near.index));
        return out;
    }
    // The share of the true 10 nearest among what the graph finds.
    double recall(const HnswGraph& graph, std::size_t wanted, std::size_t ef,
                  std::span<const std::uint64_t> allowed = {}) {
        std::size_t found = 0;
        constexpr std::size_t queries = 30;
        for (std::size_t i = 0; i < queries; ++i) {
            const auto query = random_vector();
            const auto exact = truth(query, graph.parameters().metric, 10, allowed);
            const auto answer = graph.search(query, wanted, ef, allowed);
            EXPECT_TRUE(answer);
            for (const auto& candidate : *answer)
                found += exact.contains(candidate.slot) ? 1 : 0;
        }
        return static_cast<double>(found) / (10.0 * queries);
    }

    std::mt19937 random_{42};
    std::normal_distribution<float> normal_;
    std::unique_ptr<ColumnVectors> vectors_ = std::move(*ColumnVectors::make(kDimensions));
};

TEST_F(HnswGraphTest, EveryMetricAndStorageFindsTheNearest) {
    fill(600);
    for (const auto metric :
         {vector::Metric::L2, vector::Metric::Cosine, vector::Metric::InnerProduct}) {
        for (const auto storage :
             {vector::Scalar::F32, vector::Scalar::F16, vector::Scalar::BF16, vector::Scalar::I8}) {
            data::HnswParameters parameters;
            parameters.metric = metric;
            parameters.storage = storage;
            const auto graph = build(parameters);
            ASSERT_NE(graph, nullptr);
            EXPECT_EQ(graph->size(), 600U);
            const std::size_t wanted = storage == vector::Scalar::F32 ? 10 : 40;
            EXPECT_GE(recall(*graph, wanted, 128), 0.95)
                << vector::to_text(metric) << ' ' << vector::to_text(storage);
        }
    }
}

TEST_F(HnswGraphTest, OnlyWhatIsAllowedIsFound) {
    fill(2000);
    const auto graph = build({});
    ASSERT_NE(graph, nullptr);
    std::vector<std::uint64_t> allowed;
    for (Slot slot = 0; slot < 2000; slot += 5)
        set_bit(allowed, slot);
    EXPECT_GE(recall(*graph, 10, 64, allowed), 0.9);
    const auto found = graph->search(random_vector(), 400, 400, allowed);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 400U);
    for (const auto& candidate : *found)
        EXPECT_EQ(candidate.slot % 5, 0U);
}

TEST_F(HnswGraphTest, ASavedGraphIsTheSameGraph) {
    fill(800);
    for (const auto storage : {vector::Scalar::F32, vector::Scalar::I8}) {
        data::HnswParameters parameters;
        parameters.storage = storage;
        const auto graph = build(parameters);
        std::string bytes;
        const auto keep = [&](std::string_view piece) -> Result<void> {
            bytes += piece;
            return {};
        };
        ASSERT_TRUE(graph->save(keep));
        auto loaded = HnswGraph::make(parameters, *vectors_, graph->magnitude_max());
        ASSERT_TRUE(loaded);
        const std::vector<Slot> slots(graph->slots().begin(), graph->slots().end());
        ASSERT_TRUE((*loaded)->load(bytes, slots));
        EXPECT_EQ((*loaded)->size(), graph->size());
        for (int i = 0; i < 20; ++i) {
            const auto query = random_vector();
            const auto a = graph->search(query, 5, 50, {});
            const auto b = (*loaded)->search(query, 5, 50, {});
            ASSERT_TRUE(a && b);
            ASSERT_EQ(a->size(), b->size());
            for (std::size_t at = 0; at < a->size(); ++at)
                EXPECT_EQ((*a)[at].slot, (*b)[at].slot);
        }
        // It grows on.
        const auto slot = vectors_->add(100'000 + static_cast<int>(storage), random_vector());
        ASSERT_TRUE(slot);
        EXPECT_TRUE((*loaded)->add(*slot));
        auto again = HnswGraph::make(parameters, *vectors_, graph->magnitude_max());
        EXPECT_FALSE((*again)->load(std::string_view(bytes).substr(0, bytes.size() / 2), slots));
        auto fewer = HnswGraph::make(parameters, *vectors_, graph->magnitude_max());
        EXPECT_FALSE((*fewer)->load(bytes, {1, 2, 3}));
    }
}

// Our walk of the links against USearch's own, which searches with a filter take.
TEST_F(HnswGraphTest, AWalkFindsWhatUsearchFinds) {
    fill(1000);
    std::vector<std::uint64_t> all((1000 + 63) / 64, ~std::uint64_t{0});
    for (const auto storage : {vector::Scalar::F32, vector::Scalar::BF16, vector::Scalar::I8}) {
        data::HnswParameters parameters;
        parameters.storage = storage;
        const auto graph = build(parameters);
        ASSERT_NE(graph, nullptr);
        std::size_t same = 0;
        for (int i = 0; i < 50; ++i) {
            const auto query = random_vector();
            const auto ours = graph->search(query, 10, 64, {});
            const auto theirs = graph->search(query, 10, 64, all);
            ASSERT_TRUE(ours && theirs);
            ASSERT_EQ(ours->size(), 10U);
            EXPECT_TRUE(std::ranges::is_sorted(*ours, {}, &Candidate::rank));
            for (const Candidate& candidate : *ours) {
                same += std::ranges::count(*theirs, candidate.slot, &Candidate::slot) > 0 ? 1 : 0;
            }
        }
        EXPECT_GE(same, 490U) << vector::to_text(storage);
    }
}

TEST_F(HnswGraphTest, SeveralThreadsBuildAGraphAsGood) {
    fill(3000);
    std::vector<Slot> slots(3000);
    for (Slot slot = 0; slot < slots.size(); ++slot)
        slots[slot] = slot;
    for (const auto storage : {vector::Scalar::F32, vector::Scalar::F16, vector::Scalar::I8}) {
        data::HnswParameters parameters;
        parameters.storage = storage;
        auto graph = HnswGraph::make(parameters, *vectors_, 5);
        ASSERT_TRUE(graph);
        ASSERT_TRUE((*graph)->add_all(slots, 4, [] { return true; }));
        EXPECT_EQ((*graph)->size(), slots.size());
        const std::set<Slot> nodes((*graph)->slots().begin(), (*graph)->slots().end());
        EXPECT_EQ(nodes.size(), slots.size());
        const std::size_t wanted = storage == vector::Scalar::F32 ? 10 : 40;
        EXPECT_GE(recall(**graph, wanted, 128), 0.95) << vector::to_text(storage);
    }
    auto partly = HnswGraph::make({}, *vectors_, 0);
    ASSERT_TRUE(partly);
    std::atomic<int> left{500};
    ASSERT_TRUE((*partly)->add_all(slots, 4, [&left] { return --left > 0; }));
    EXPECT_GE((*partly)->size(), 500U);
    EXPECT_LT((*partly)->size(), 520U);
    EXPECT_EQ((*partly)->search(random_vector(), 10, 64, {})->size(), 10U);
}

TEST_F(HnswGraphTest, AnEmptyGraphFindsNothing) {
    const auto graph = build({});
    ASSERT_NE(graph, nullptr);
    const auto found = graph->search(random_vector(), 5, 50, {});
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->empty());
    EXPECT_EQ(graph->layer_count(), 0U);
}

// Without vector instructions a search takes many times as long; nothing else would tell.
TEST_F(HnswGraphTest, TheKernelsAreThoseOfTheProcessor) {
    EXPECT_NE(vector::target_name(), "SCALAR");
    EXPECT_NE(vector::target_name(), "EMU128");
}

}  // namespace
}  // namespace zs::usearch
