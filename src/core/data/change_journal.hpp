#pragma once

#include "async/task.hpp"
#include "base/error.hpp"
#include "core/data/change_capture.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

struct TableChanges {
    std::vector<std::int64_t> row_ids;  // sorted, without repetition; deleted rows are among them
    ChangeMark now;
};

// Which rows of a table changed since when, kept in the same transactions as the changes. For those
// who keep something on disk that is made from a table: after a restart they look at these rows
// instead of all of them.
//
// A table is followed from follow() on. Its history is given up when it becomes larger than the
// table is worth, and broken by what changes rows that nobody is told of (definitions, very large
// commits); both show in changes_since().
// Threading:  any; no method blocks the caller.
// Durability: a mark belongs to a commit, and lives and dies with it.
// Errors:     what the engine says; Unavailable.
class ChangeJournal {
public:
    virtual ~ChangeJournal() = default;

    // Notes every commit to the table from here on, and answers where that is. What is followed
    // already stays as it is: then the answer is the newest mark.
    virtual async::Task<Result<ChangeMark>> follow(identity::Tenant tenant, std::string table) = 0;
    // Empty: it cannot be told, so the table has to be read.
    virtual async::Task<Result<std::optional<TableChanges>>> changes_since(identity::Tenant tenant,
                                                                           std::string table,
                                                                           ChangeMark mark) = 0;
    // Nobody will ask for changes since anything before `mark`.
    virtual async::Task<Result<void>> trim(identity::Tenant tenant, std::string table,
                                           ChangeMark mark) = 0;
    // The history ends and is forgotten: writes pay for it no more.
    virtual async::Task<Result<void>> unfollow(identity::Tenant tenant, std::string table) = 0;
    // Whether there is a database of that tenant; asking makes none.
    virtual async::Task<Result<bool>> has_database(identity::Tenant tenant) = 0;
};

}  // namespace zs::data
