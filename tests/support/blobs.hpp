#pragma once

#include "base/hash.hpp"
#include "core/files/blob_store.hpp"
#include "core/files/limits.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

// Bytes for the tests of files, into a store and out of it.
namespace zs::testing {

using files::BlobInfo;
using files::BlobRange;
using files::BlobStore;
using files::Digest;

inline Digest digest_of(std::string_view bytes) {
    return Digest::from_raw(sha256(bytes));
}

// Bytes that no compression and no sparse file shortens; the same for the same size.
inline std::string some_bytes(std::size_t size) {
    std::mt19937_64 random(size + 1);
    std::string out(size, '\0');
    for (auto& byte : out)
        byte = static_cast<char>(random() & 0xFF);
    return out;
}

// Writes in pieces of `piece` bytes and commits.
inline Result<BlobInfo> put_blob(BlobStore& store, const std::string& bytes,
                                 std::size_t piece = files::kPieceBytes) {
    auto writer = run_task(store.create(bytes.size()));
    if (!writer) return writer.error();
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto done = run_task((*writer)->write(bytes.substr(at, piece)));
        if (!done) return done.error();
    }
    auto info = run_task((*writer)->seal());
    if (!info) return info.error();
    auto done = run_task((*writer)->commit());
    if (!done) return done.error();
    return *info;
}

inline Result<std::string> get_blob(BlobStore& store, Digest blob, BlobRange range = {}) {
    auto reader = run_task(store.open(blob, range));
    if (!reader) return reader.error();
    std::string all;
    while (true) {
        std::string piece = "left over";
        auto more = run_task((*reader)->read(piece));
        if (!more) return more.error();
        if (!*more) return all;
        EXPECT_FALSE(piece.empty());
        all += piece;
    }
}

}  // namespace zs::testing
