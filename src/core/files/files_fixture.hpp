#pragma once

#include "core/files/file_service.hpp"
#include "core/files/file_upkeep.hpp"
#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"
#include "support/blobs.hpp"
#include "support/memory_identity.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace zs::files {

// The services on the doubles.
class FilesFixture : public ::testing::Test {
protected:
    static Limits small_limits() {
        Limits limits;
        limits.file_bytes_max = 1'000'000;
        limits.uploads_max = 3;
        limits.unused_for = Seconds(60);
        return limits;
    }
    Result<Granted> upload(const std::string& bytes, const identity::Tenant& tenant,
                           std::optional<Digest> expected = {}) {
        auto begun = testing::run_task(files_.begin(tenant, bytes.size()));
        if (!begun) return begun.error();
        for (std::size_t at = 0; at < bytes.size(); at += 60'000) {
            auto written = testing::run_task((*begun)->write(bytes.substr(at, 60'000)));
            if (!written) return written.error();
        }
        UploadFacts facts;
        facts.content_type = "text/plain";
        facts.expected = expected;
        return testing::run_task((*begun)->finish(facts));
    }
    Result<std::string> download(const std::string& bytes, const identity::Tenant& tenant) {
        auto file = testing::run_task(files_.find(tenant, testing::digest_of(bytes)));
        if (!file) return file.error();
        auto reader = testing::run_task(files_.open(*file, {}));
        if (!reader) return reader.error();
        std::string all;
        std::string piece;
        while (true) {
            auto more = testing::run_task((*reader)->read(piece));
            if (!more) return more.error();
            if (!*more) return all;
            all += piece;
        }
    }
    identity::PrincipalPtr caller() const {
        auto principal = std::make_shared<identity::Principal>();
        principal->tenant = live_;
        return principal;
    }
    Result<void> remove(const std::string& bytes) {
        return testing::run_task(files_.remove(caller(), testing::digest_of(bytes), {}));
    }
    bool is_stored(const std::string& bytes) {
        return testing::run_task(store_.stat(testing::digest_of(bytes)))->has_value();
    }

    const identity::Tenant live_{"acme", "live"};
    const identity::Tenant sandbox_{"acme", "sandbox"};
    ManualClock clock_;
    testing::MemoryIdentity identity_{clock_};
    identity::AuditLog audit_{identity_.audit};
    MemoryBlobStore store_;
    MemoryFileCatalog catalog_;
    FileMetrics metrics_;
    FileService files_{store_, catalog_, catalog_, audit_, clock_, metrics_, small_limits()};
    FileUpkeep upkeep_{store_, catalog_, clock_, metrics_, small_limits()};
};

}  // namespace zs::files
