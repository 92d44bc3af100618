#pragma once

#include "support/blobs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// What every BlobStore promises. An implementation instantiates it with functions that make an
// empty store, which lives until the next call, and that turn over a bit of a stored blob.
namespace zs::testing {

struct BlobStoreFactory {
    const char* name;
    std::function<BlobStore&()> make;
    std::function<void(Digest)> damage;
};

class BlobStoreContract : public ::testing::TestWithParam<BlobStoreFactory> {
protected:
    void SetUp() override { store_ = &GetParam().make(); }
    BlobStore* store_ = nullptr;
};

TEST_P(BlobStoreContract, WhatWasPutIsGot) {
    constexpr auto kPiece = files::kPieceBytes;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, kPiece - 1,
                                   kPiece, kPiece + 1, 3 * kPiece + 7}) {
        for (const std::size_t piece : {std::size_t{65'537}, 2 * kPiece}) {
            const std::string bytes = some_bytes(size);
            auto info = put_blob(*store_, bytes, piece);
            ASSERT_TRUE(info) << info.error().message;
            EXPECT_EQ(info->sha256, digest_of(bytes));
            EXPECT_EQ(info->size, size);
            auto got = get_blob(*store_, info->sha256);
            ASSERT_TRUE(got) << got.error().message;
            EXPECT_TRUE(*got == bytes) << size;
            auto stat = run_task(store_->stat(info->sha256));
            ASSERT_TRUE(stat);
            EXPECT_EQ(*stat, size);
            auto again = run_task(store_->rehash(info->sha256));
            ASSERT_TRUE(again) << again.error().message;
            EXPECT_EQ(*again, *info);
        }
    }
}

TEST_P(BlobStoreContract, RangesAreCutExactly) {
    const std::size_t size = 2 * files::kPieceBytes + 1000;
    const std::string bytes = some_bytes(size);
    const auto info = put_blob(*store_, bytes);
    ASSERT_TRUE(info);
    const std::size_t edges[] = {0,
                                 1,
                                 files::kPieceBytes - 1,
                                 files::kPieceBytes,
                                 files::kPieceBytes + 1,
                                 2 * files::kPieceBytes,
                                 size - 1,
                                 size,
                                 size + 5};
    for (const auto offset : edges) {
        for (const auto length : edges) {
            BlobRange range;
            range.offset = offset;
            range.length = length;
            auto got = get_blob(*store_, info->sha256, range);
            ASSERT_TRUE(got) << got.error().message;
            const auto wanted = offset >= size ? std::string() : bytes.substr(offset, length);
            EXPECT_TRUE(*got == wanted) << offset << " " << length;
        }
    }
}

TEST_P(BlobStoreContract, NothingIsThereBeforeTheCommit) {
    const std::string bytes = some_bytes(300'000);
    {
        auto writer = run_task(store_->create(std::nullopt));
        ASSERT_TRUE(writer);
        ASSERT_TRUE(run_task((*writer)->write(bytes)));
        ASSERT_TRUE(run_task((*writer)->seal()));
        auto stat = run_task(store_->stat(digest_of(bytes)));
        ASSERT_TRUE(stat);
        EXPECT_FALSE(stat->has_value());
    }
    auto opened = run_task(store_->open(digest_of(bytes), {}));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::NotFound);
    auto rehashed = run_task(store_->rehash(digest_of(bytes)));
    ASSERT_FALSE(rehashed);
    EXPECT_EQ(rehashed.error().code, ErrorCode::NotFound);
    auto all = run_task(store_->list(std::nullopt, 10));
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->empty());
}

TEST_P(BlobStoreContract, PuttingTwiceIsHarmless) {
    const std::string bytes = some_bytes(1000);
    ASSERT_TRUE(put_blob(*store_, bytes));
    ASSERT_TRUE(put_blob(*store_, bytes));
    EXPECT_EQ(*get_blob(*store_, digest_of(bytes)), bytes);
    EXPECT_EQ(run_task(store_->list(std::nullopt, 10))->size(), 1U);
}

TEST_P(BlobStoreContract, AReaderOutlivesTheRemoval) {
    const std::string bytes = some_bytes(3 * files::kPieceBytes);
    ASSERT_TRUE(put_blob(*store_, bytes));
    auto reader = run_task(store_->open(digest_of(bytes), {}));
    ASSERT_TRUE(reader);
    ASSERT_TRUE(run_task(store_->remove(digest_of(bytes))));
    ASSERT_TRUE(run_task(store_->remove(digest_of(bytes)))) << "once more is a success";
    EXPECT_FALSE(run_task(store_->stat(digest_of(bytes)))->has_value());
    std::string all;
    std::string piece;
    while (true) {
        auto more = run_task((*reader)->read(piece));
        ASSERT_TRUE(more) << more.error().message;
        if (!*more) break;
        all += piece;
    }
    EXPECT_TRUE(all == bytes);
}

TEST_P(BlobStoreContract, ListsInOrderAndInPages) {
    std::vector<Digest> wanted;
    for (std::size_t size = 1; size <= 40; ++size) {
        const auto info = put_blob(*store_, some_bytes(size));
        ASSERT_TRUE(info);
        wanted.push_back(info->sha256);
    }
    std::sort(wanted.begin(), wanted.end());
    std::vector<Digest> seen;
    std::optional<Digest> after;
    while (true) {
        auto page = run_task(store_->list(after, 7));
        ASSERT_TRUE(page);
        EXPECT_LE(page->size(), 7U);
        if (page->empty()) break;
        after = page->back();
        seen.insert(seen.end(), page->begin(), page->end());
    }
    EXPECT_EQ(seen, wanted);
}

TEST_P(BlobStoreContract, DamageIsNoticedAndHealedByAnotherPut) {
    const std::string bytes = some_bytes(3 * files::kPieceBytes + 11);
    const auto blob = digest_of(bytes);
    ASSERT_TRUE(put_blob(*store_, bytes));
    GetParam().damage(blob);
    auto got = get_blob(*store_, blob);
    ASSERT_FALSE(got) << "damaged bytes were handed out";
    EXPECT_EQ(got.error().code, ErrorCode::DataLoss);
    auto found = run_task(store_->rehash(blob));
    EXPECT_TRUE(!found ? found.error().code == ErrorCode::DataLoss : found->sha256 != blob);
    ASSERT_TRUE(put_blob(*store_, bytes));
    auto healed = get_blob(*store_, blob);
    ASSERT_TRUE(healed) << healed.error().message;
    EXPECT_TRUE(*healed == bytes);
}

inline std::string blob_store_name(const ::testing::TestParamInfo<BlobStoreFactory>& info) {
    return info.param.name;
}

}  // namespace zs::testing
