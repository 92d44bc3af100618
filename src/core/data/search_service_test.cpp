#include "core/data/search_service.hpp"

#include <gtest/gtest.h>

namespace zs::data {
namespace {

std::vector<std::int64_t> ids_of(const std::vector<SearchHit>& hits) {
    std::vector<std::int64_t> ids;
    for (const auto& hit : hits)
        ids.push_back(hit.row_id);
    return ids;
}

using Ids = std::vector<std::int64_t>;

TEST(FuseRanks, ARowInBothListsBeatsTheFirstOfOne) {
    const std::vector<TextHit> texts{{1, 9.0}, {2, 8.0}, {3, 1.0}};
    const std::vector<VectorHit> vectors{{4, 0.1}, {2, 0.2}, {1, 0.9}};
    const auto hits = fuse_ranks(texts, 1, vectors, 1, 60, 10);
    EXPECT_EQ(ids_of(hits), (Ids{1, 2, 4, 3}));
    EXPECT_DOUBLE_EQ(hits[0].score, 1.0 / 61 + 1.0 / 63);
    EXPECT_EQ(hits[0].text_rank, 1U);
    EXPECT_EQ(hits[0].vector_rank, 3U);
    EXPECT_EQ(hits[0].text_score, 9.0);
    EXPECT_EQ(hits[0].distance, 0.9);
    EXPECT_FALSE(hits[2].text_rank);
    EXPECT_FALSE(hits[3].distance);
}

TEST(FuseRanks, TiesAreDecidedByRowId) {
    const std::vector<TextHit> texts{{9, 1.0}};
    const std::vector<VectorHit> vectors{{3, 0.1}};
    EXPECT_EQ(ids_of(fuse_ranks(texts, 1, vectors, 1, 60, 10)), (Ids{3, 9}));
}

TEST(FuseRanks, WeightsAndTheConstantCount) {
    const std::vector<TextHit> texts{{1, 1.0}, {2, 0.5}};
    const std::vector<VectorHit> vectors{{2, 0.1}, {3, 0.2}};
    EXPECT_EQ(ids_of(fuse_ranks(texts, 10, vectors, 1, 1, 10)), (Ids{1, 2, 3}));
    EXPECT_EQ(ids_of(fuse_ranks(texts, 0, vectors, 1, 60, 2)), (Ids{2, 3}));
    EXPECT_TRUE(fuse_ranks({}, 1, {}, 1, 60, 10).empty());
}

}  // namespace
}  // namespace zs::data
