#pragma once

#include "core/data/sql_value.hpp"
#include "core/identity/principal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

enum class ChangeOperation { Insert, Update, Delete };

struct RowChange {
    std::string table;
    ChangeOperation operation = ChangeOperation::Insert;
    std::int64_t row_id_before = 0;    // the engine's row id; Update, Delete
    std::int64_t row_id_after = 0;     // Insert, Update
    std::vector<SqlValue> old_values;  // in column order; empty for Insert
    std::vector<SqlValue> new_values;  // empty for Delete
};

// A place in the history of one table; see change_journal.hpp. Two histories, such as that of a
// database and that of a restored copy, have no place after their parting in common.
struct ChangeMark {
    std::uint64_t number = 0;
    std::uint64_t token = 0;  // random
    bool operator==(const ChangeMark&) const = default;
};

struct TableMark {
    std::string table;
    ChangeMark mark;
};

// What a commit did to the definition of a table. One that gets another name goes, and comes.
enum class DefinitionChange { Created, Altered, Deleted };

struct ChangedDefinition {
    std::string table;
    DefinitionChange change = DefinitionChange::Altered;
    bool operator==(const ChangedDefinition&) const = default;
};

// Everything one commit changed, in the order it was changed. A row changed twice appears twice.
// Tables without row ids (WITHOUT ROWID) carry 0 as row ids.
struct ChangeSet {
    identity::Tenant tenant;
    std::uint64_t sequence = 0;  // per tenant and process: 1, 2, 3 … without gaps
    std::vector<RowChange> changes;
    bool too_large = false;
    // With `too_large`: no other tables have changed. Empty: every table may have.
    std::optional<std::vector<std::string>> tables;
    // With `too_large`: the tables that came, went, or are defined otherwise, in that order.
    std::vector<ChangedDefinition> definitions;
    // The tables of this commit whose history is kept, and where it is after it.
    std::vector<TableMark> marks;
};

// Hears of every commit after it is durable, in commit order, on the writer's thread: on_commit
// must be short and must not call the engine. `changes` empty and `too_large` true mean: read the
// tables, or those it names. That is said of a commit whose changes exceed
// `limits::kChangeSetBytesMax`, of one with a
// definition (CREATE, ALTER, DROP), which changes rows that nobody is told, and of one that was
// under way when the first subscriber came.
class ChangeSubscriber {
public:
    virtual ~ChangeSubscriber() = default;
    virtual void on_commit(const std::shared_ptr<const ChangeSet>& changes) = 0;
};

// Where subscribers come and go. While there is none, writes do not pay for capture.
class ChangeFeed {
public:
    virtual ~ChangeFeed() = default;
    virtual void subscribe(std::shared_ptr<ChangeSubscriber> subscriber) = 0;
    virtual void unsubscribe(const std::shared_ptr<ChangeSubscriber>& subscriber) = 0;
};

}  // namespace zs::data
