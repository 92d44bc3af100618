#pragma once

#include "core/data/collection.hpp"
#include "core/data/ingest.hpp"
#include "sqlite/connection.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {

// The server's own tables about collections, inside each tenant's database; they are made when they
// are needed first. All of it runs outside callers' statements, so the authorizer is off.
//
//     _zs_collections   name, projection (JSON), created_at, version, backfill (JSON)
//     _zs_streams       how far each stream with an Idempotency-Key came

// A back-fill as it is stored: what is left, and what to go back to.
struct StoredBackfill {
    data::Backfill progress;
    std::int64_t last_row = 0;  // rows up to here were there before
    std::int64_t next_row = 0;  // rows up to here are done
    std::optional<data::Projection> old_projection;
    bool running = false;
};

struct CatalogEntry {
    data::Collection collection;
    std::optional<StoredBackfill> backfill;
};

Result<void> make_collection_tables(sqlite::Connection& connection);
Result<std::vector<CatalogEntry>> list_collections(sqlite::Connection& connection);
// nullopt when there is none. A table that was dropped by SQL is none.
Result<std::optional<CatalogEntry>> find_collection(sqlite::Connection& connection,
                                                    std::string_view name);
// Inserts it or replaces what is there.
Result<void> put_collection(sqlite::Connection& connection, const CatalogEntry& entry);
Result<void> remove_collection(sqlite::Connection& connection, std::string_view name);
// 0 when there is none.
Result<std::uint64_t> collection_version(sqlite::Connection& connection, std::string_view name);
// In lower case. Empty also when nobody made a collection yet.
std::set<std::string, std::less<>> collection_names(sqlite::Connection& connection);

Result<std::optional<data::StreamState>> find_stream(sqlite::Connection& connection,
                                                     std::string_view key);
Result<void> put_stream(sqlite::Connection& connection, const data::StreamState& state,
                        std::int64_t now_ms);
// Streams that nothing was added to since.
Result<void> forget_streams(sqlite::Connection& connection, std::int64_t before_ms);

}  // namespace zs::sqlite_data
