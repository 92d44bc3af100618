#pragma once

#include "base/hash.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/file_catalog.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

// What every FileCatalog, and the BlobLedger beside it, promises. An implementation instantiates it
// with a function that makes an empty one, which lives until the next call. It knows the tenants
// (acme, live), (acme, sandbox) and (other, live).
namespace zs::testing {

using files::BlobHealth;
using files::BlobInfo;
using files::BlobLedger;
using files::Claim;
using files::Digest;
using files::FileCatalog;
using files::FileQuery;
using files::FileRecord;
using files::FileReference;
using identity::Tenant;

struct FilePorts {
    FileCatalog& catalog;
    BlobLedger& ledger;
};

struct FileCatalogFactory {
    const char* name;
    std::function<FilePorts()> make;
};

class FileCatalogContract : public ::testing::TestWithParam<FileCatalogFactory> {
protected:
    void SetUp() override {
        const auto ports = GetParam().make();
        catalog_ = &ports.catalog;
        ledger_ = &ports.ledger;
    }

    static Timestamp at(int seconds) {
        return Timestamp(Millis(1'760'000'000'000)) + Seconds(seconds);
    }
    static BlobInfo blob(const std::string& name) {
        BlobInfo info;
        info.sha256 = Digest::from_raw(sha256(name));
        info.size = 100 + name.size();
        return info;
    }
    static FileRecord file(const Tenant& tenant, const std::string& name, int seconds = 0) {
        FileRecord record;
        record.tenant = tenant;
        record.sha256 = blob(name).sha256;
        record.size = blob(name).size;
        record.content_type = "text/plain";
        record.created_at = at(seconds);
        return record;
    }
    // Claims and grants.
    Result<files::Granted> store(const FileRecord& record) {
        BlobInfo info;
        info.sha256 = record.sha256;
        info.size = record.size;
        auto claimed = run_task(ledger_->claim(info, record.created_at));
        if (!claimed) return claimed.error();
        return run_task(catalog_->grant(record));
    }
    auto find(const Tenant& tenant, const std::string& name) {
        return run_task(catalog_->find(tenant, blob(name).sha256));
    }
    std::vector<Digest> condemn(const std::vector<std::string>& names, int claimed_before) {
        std::vector<Digest> digests;
        for (const auto& name : names)
            digests.push_back(blob(name).sha256);
        auto condemned = run_task(ledger_->condemn(digests, at(claimed_before)));
        EXPECT_TRUE(condemned);
        return *condemned;
    }
    const Tenant live_{"acme", "live"};
    const Tenant sandbox_{"acme", "sandbox"};
    const Tenant other_{"other", "live"};
    FileCatalog* catalog_ = nullptr;
    BlobLedger* ledger_ = nullptr;
};

TEST_P(FileCatalogContract, AGrantIsTheTenantsAlone) {
    const auto record = file(live_, "a");
    const auto granted = store(record);
    ASSERT_TRUE(granted) << granted.error().message;
    EXPECT_TRUE(granted->created);
    EXPECT_EQ(granted->record, record);
    EXPECT_EQ(find(live_, "a")->value(), record);
    EXPECT_FALSE(find(sandbox_, "a")->has_value());
    EXPECT_FALSE(find(other_, "a")->has_value());
    EXPECT_FALSE(find(live_, "b")->has_value());
}

TEST_P(FileCatalogContract, TheFirstGrantStays) {
    ASSERT_TRUE(store(file(live_, "a", 1)));
    auto later = file(live_, "a", 2);
    later.content_type = "text/html";
    const auto again = store(later);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->created);
    EXPECT_EQ(again->record, file(live_, "a", 1));
    EXPECT_TRUE(store(file(other_, "a", 3))->created) << "another tenant has its own";
}

TEST_P(FileCatalogContract, NothingIsGrantedWithoutAClaim) {
    const auto granted = run_task(catalog_->grant(file(live_, "a")));
    ASSERT_FALSE(granted);
    EXPECT_EQ(granted.error().reason, "blob_gone");
}

TEST_P(FileCatalogContract, ListsNewestFirstInPages) {
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(store(file(live_, "f" + std::to_string(i), i / 3)));  // equal times too
    ASSERT_TRUE(store(file(other_, "theirs", 5)));
    std::vector<FileRecord> seen;
    FileQuery query;
    query.tenant = live_;
    query.limit = 4;
    while (true) {
        const auto page = run_task(catalog_->list(query));
        ASSERT_TRUE(page);
        if (page->empty()) break;
        seen.insert(seen.end(), page->begin(), page->end());
        query.before = std::pair(page->back().created_at, page->back().sha256);
    }
    ASSERT_EQ(seen.size(), 10U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
        return std::pair(b.created_at, b.sha256) < std::pair(a.created_at, a.sha256);
    }));
    EXPECT_EQ(seen.front().created_at, at(3));
}

TEST_P(FileCatalogContract, RemovingTakesTheGrantOfOne) {
    ASSERT_TRUE(store(file(live_, "a")));
    ASSERT_TRUE(store(file(other_, "a")));
    ASSERT_TRUE(run_task(catalog_->remove(live_, blob("a").sha256)));
    EXPECT_FALSE(find(live_, "a")->has_value());
    EXPECT_TRUE(find(other_, "a")->has_value());
    const auto again = run_task(catalog_->remove(live_, blob("a").sha256));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::NotFound);
}

TEST_P(FileCatalogContract, AFileInUseStays) {
    ASSERT_TRUE(store(file(live_, "a")));
    const FileReference input{live_, blob("a").sha256, "job/1/input"};
    const FileReference artifact{live_, blob("a").sha256, "artifact/2"};
    for (const auto& reference : {input, input, artifact})
        ASSERT_TRUE(run_task(catalog_->refer(reference)));
    ASSERT_TRUE(run_task(catalog_->release(input)));
    const auto refused = run_task(catalog_->remove(live_, blob("a").sha256));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "file_in_use");
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    ASSERT_TRUE(run_task(catalog_->release(artifact)));
    ASSERT_TRUE(run_task(catalog_->release(artifact))) << "once more is a success";
    EXPECT_TRUE(run_task(catalog_->remove(live_, blob("a").sha256)));
    const auto gone = run_task(catalog_->refer(input));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
}

TEST_P(FileCatalogContract, OnlyWhatNobodyHasIsCondemned) {
    ASSERT_TRUE(store(file(live_, "kept")));
    ASSERT_TRUE(store(file(live_, "deleted")));
    ASSERT_TRUE(run_task(catalog_->remove(live_, blob("deleted").sha256)));
    ASSERT_TRUE(run_task(ledger_->claim(blob("fresh"), at(100))));
    const auto condemned = condemn({"kept", "deleted", "fresh", "stray"}, 50);
    EXPECT_EQ(condemned.size(), 2U);
    for (const char* name : {"deleted", "stray"}) {
        const auto wanted = blob(name).sha256;
        EXPECT_TRUE(std::count(condemned.begin(), condemned.end(), wanted) == 1) << name;
    }
    EXPECT_TRUE(condemn({"deleted", "stray"}, 50).empty()) << "once is enough";
    EXPECT_EQ(run_task(ledger_->condemned(10))->size(), 2U);
    EXPECT_EQ(run_task(ledger_->condemned(1))->size(), 1U);
}

TEST_P(FileCatalogContract, AClaimWaitsForTheEndOfARemoval) {
    EXPECT_EQ(*run_task(ledger_->claim(blob("a"), at(0))), Claim::New);
    EXPECT_EQ(*run_task(ledger_->claim(blob("a"), at(1))), Claim::Known);
    EXPECT_TRUE(condemn({"a"}, 1).empty()) << "claimed at this time, not before";
    EXPECT_EQ(condemn({"a"}, 2).size(), 1U);
    EXPECT_EQ(*run_task(ledger_->claim(blob("a"), at(3))), Claim::Condemned);
    const auto granted = run_task(catalog_->grant(file(live_, "a")));
    ASSERT_FALSE(granted) << "what is being removed is granted to nobody";
    EXPECT_EQ(granted.error().reason, "blob_gone");
    ASSERT_TRUE(run_task(ledger_->forget(blob("a").sha256)));
    EXPECT_EQ(*run_task(ledger_->claim(blob("a"), at(4))), Claim::New);
    ASSERT_TRUE(run_task(ledger_->forget(blob("a").sha256)));
    EXPECT_EQ(*run_task(ledger_->claim(blob("a"), at(5))), Claim::Known)
        << "only the condemned are forgotten";
    EXPECT_TRUE(run_task(catalog_->grant(file(live_, "a"))));
}

TEST_P(FileCatalogContract, DamageIsSeenByAllUntilTheNextGrant) {
    ASSERT_TRUE(store(file(live_, "a", 0)));
    ASSERT_TRUE(store(file(other_, "a", 1)));
    const auto digest = blob("a").sha256;
    EXPECT_FALSE(*run_task(ledger_->note_health(digest, BlobHealth::Damaged, at(0))))
        << "claimed since that look";
    EXPECT_FALSE((*find(live_, "a"))->damaged);
    EXPECT_TRUE(*run_task(ledger_->note_health(digest, BlobHealth::Damaged, at(9))));
    EXPECT_FALSE(*run_task(ledger_->note_health(digest, BlobHealth::Damaged, at(9))));
    EXPECT_TRUE((*find(live_, "a"))->damaged);
    EXPECT_TRUE((*find(other_, "a"))->damaged);
    EXPECT_EQ(run_task(ledger_->totals())->damaged, 1U);
    EXPECT_FALSE(store(file(live_, "a", 20))->record.damaged);
    EXPECT_FALSE((*find(other_, "a"))->damaged);
    EXPECT_TRUE(*run_task(ledger_->note_health(digest, BlobHealth::Damaged, at(30))));
    EXPECT_TRUE(*run_task(ledger_->note_health(digest, BlobHealth::Sound, at(40))));
    EXPECT_FALSE((*find(live_, "a"))->damaged);
    EXPECT_FALSE(*run_task(ledger_->note_health(blob("no").sha256, BlobHealth::Damaged, at(40))));
}

TEST_P(FileCatalogContract, TheLedgerListsAndCounts) {
    ASSERT_TRUE(store(file(live_, "a")));
    ASSERT_TRUE(store(file(other_, "a")));
    ASSERT_TRUE(store(file(live_, "bb")));
    ASSERT_TRUE(run_task(ledger_->claim(blob("ccc"), at(0))));
    ASSERT_TRUE(run_task(ledger_->claim(blob("gone"), at(0))));
    ASSERT_EQ(condemn({"gone"}, 1).size(), 1U);
    std::vector<files::LedgerEntry> seen;
    std::optional<Digest> after;
    while (true) {
        const auto page = run_task(ledger_->list(after, 2));
        ASSERT_TRUE(page);
        if (page->empty()) break;
        seen.insert(seen.end(), page->begin(), page->end());
        after = page->back().blob.sha256;
    }
    ASSERT_EQ(seen.size(), 3U);
    for (std::size_t i = 1; i < seen.size(); ++i)
        EXPECT_LT(seen[i - 1].blob.sha256, seen[i].blob.sha256);
    for (const auto& entry : seen)
        EXPECT_EQ(entry.granted, entry.blob != blob("ccc"));
    const auto totals = run_task(ledger_->totals());
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->blobs, 3U);
    EXPECT_EQ(totals->bytes, 306U);
    EXPECT_EQ(totals->files, 3U);
    EXPECT_EQ(totals->damaged, 0U);
}

inline std::string file_catalog_name(const ::testing::TestParamInfo<FileCatalogFactory>& info) {
    return info.param.name;
}

}  // namespace zs::testing
