#pragma once

#include "adapters/sqlite_data/known_indexes.hpp"
#include "base/error.hpp"
#include "core/data/sql_request.hpp"
#include "core/data/vector_indexes.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace zs::sqlite_data {

// How far the statements of a connection may use vector indexes.
struct IndexUse {
    data::VectorIndexes* indexes = nullptr;  // null: every row is compared
    // An index that is not in memory ends the statement before its first row, so that the index can
    // be read and the statement begun again. False: such a statement compares every row.
    bool waits_for_reading = false;
    // Asked after a search: whether the snapshot that the statement reads is what the index was
    // made of. Empty: the snapshot begins with the statement.
    std::function<bool()> is_current;
};

// Asks vector indexes on behalf of the statement that runs.
// Threading: as its connection.
class NearestSearch {
public:
    using Hits = std::vector<data::VectorHit>;

    void use(IndexUse use) { use_ = std::move(use); }
    bool has_indexes() const { return use_.indexes != nullptr; }
    bool may_search() const {
        return use_.indexes != nullptr && (!use_.is_current || use_.is_current());
    }

    // Around the run of a statement.
    void begin(const data::SqlRequest& request);
    void end() { request_ = nullptr; }
    void rows_are_given() { rows_given_ = true; }
    std::size_t ef_search() const { return request_ == nullptr ? 64 : request_->ef_search; }

    // Nearest first. Empty: the index cannot be used now, so rows have to be compared; unless
    // must_read(), then the statement has to end.
    Result<std::optional<Hits>> find(const KnownIndex& index, const std::vector<float>& query,
                                     std::size_t top_k, std::size_t ef_search);
    bool must_read() const { return unread_.has_value(); }
    // What the statement would have asked an index that is not in memory.
    std::optional<data::VectorQuery> take_unread();

private:
    IndexUse use_;
    const data::SqlRequest* request_ = nullptr;
    bool rows_given_ = false;
    std::optional<data::VectorQuery> unread_;
};

}  // namespace zs::sqlite_data
