#include "core/files/blob_store_pair.hpp"

#include "core/files/memory_blob_store.hpp"
#include "support/blobs.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace zs::testing {
namespace {

struct Pair {
    files::MemoryBlobStore first;
    files::MemoryBlobStore second;
    files::BlobStorePair both{first, second};
};
TEST(BlobStorePair, WhatLiesInEitherIsFoundAndGoesFromBoth) {
    Pair pair;
    const auto old = put_blob(pair.second, "old");
    const auto fresh = put_blob(pair.both, "fresh");
    const auto twice = put_blob(pair.first, "twice");
    ASSERT_TRUE(old && fresh && twice && put_blob(pair.second, "twice"));
    EXPECT_TRUE(*run_task(pair.first.stat(fresh->sha256)));
    EXPECT_FALSE(*run_task(pair.second.stat(fresh->sha256)));
    EXPECT_EQ(*get_blob(pair.both, old->sha256), "old");
    EXPECT_EQ(run_task(pair.both.rehash(old->sha256))->size, 3U);
    std::vector<Digest> all{old->sha256, fresh->sha256, twice->sha256};
    std::sort(all.begin(), all.end());
    std::vector<Digest> listed;
    std::optional<Digest> after;
    while (true) {
        const auto page = *run_task(pair.both.list(after, 1));
        if (page.empty()) break;
        after = page.back();
        listed.insert(listed.end(), page.begin(), page.end());
    }
    EXPECT_EQ(listed, all) << "page by page, each once";
    ASSERT_TRUE(run_task(pair.both.remove(twice->sha256)));
    EXPECT_FALSE(*run_task(pair.first.stat(twice->sha256)));
    EXPECT_FALSE(*run_task(pair.second.stat(twice->sha256)));
}

}  // namespace
}  // namespace zs::testing
