#include "adapters/sqlite_data/change_recorder.hpp"

#include "adapters/sqlite_data/authorizer.hpp"
#include "core/data/limits.hpp"

#include <sqlite3.h>

namespace zs::sqlite_data {
namespace {

using data::ChangeOperation;

// Row ids of one table and transaction; whoever wants to know of more reads the table.
constexpr std::size_t kTouchedRowsMax = 100'000;

using ReadValue = int (*)(sqlite3*, int, sqlite3_value**);

data::SqlValue to_value(sqlite3_value* value) {
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER: return sqlite3_value_int64(value);
        case SQLITE_FLOAT: return sqlite3_value_double(value);
        case SQLITE_TEXT: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
            const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
            return std::string(text == nullptr ? "" : text, text == nullptr ? 0 : size);
        }
        case SQLITE_BLOB: {
            const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
            const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
            data::Blob blob;
            if (bytes != nullptr) blob.bytes.assign(bytes, size);
            return blob;
        }
        default: return std::monostate();
    }
}

std::size_t size_of(const data::SqlValue& value) {
    std::size_t bytes = sizeof(data::SqlValue);
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    if (const auto* blob = std::get_if<data::Blob>(&value)) bytes += blob->bytes.size();
    return bytes;
}

std::size_t read_values(sqlite3* connection, ReadValue read, std::vector<data::SqlValue>& out) {
    const int count = sqlite3_preupdate_count(connection);
    std::size_t bytes = 0;
    out.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        sqlite3_value* value = nullptr;
        const bool known = read(connection, i, &value) == SQLITE_OK && value != nullptr;
        out.push_back(known ? to_value(value) : data::SqlValue());
        bytes += size_of(out.back());
    }
    return bytes;
}

}  // namespace

ChangeRecorder::ChangeRecorder(sqlite3* connection, const VirtualTables& virtual_tables)
    : connection_(connection), virtual_tables_(virtual_tables) {}

ChangeRecorder::~ChangeRecorder() = default;

void ChangeRecorder::install() {
    const bool wanted = capturing_ != Capture::Nothing || watched_ != nullptr;
    sqlite3_preupdate_hook(
        connection_,
        wanted ? [](void* self, sqlite3* db, int operation, const char* database, const char* table,
                    sqlite3_int64 before,
                    sqlite3_int64
                        after) { callback(self, db, operation, database, table, before, after); }
               : static_cast<void (*)(void*, sqlite3*, int, const char*, const char*, sqlite3_int64,
                                      sqlite3_int64)>(nullptr),
        this);
}

void ChangeRecorder::set_capturing(Capture what) {
    clear();
    if (capturing_ == what) return;
    capturing_ = what;
    install();
}

void ChangeRecorder::undo_to(Mark mark) {
    if (mark.definitions < definitions_.size()) definitions_.resize(mark.definitions);
    // Once too large, what was dropped cannot be brought back; "read the table" stays true.
    if (too_large_) return;
    changes_.resize(mark.changes);
    bytes_ = mark.bytes;
}

data::ChangeSet ChangeRecorder::take() {
    data::ChangeSet set;
    set.changes = std::move(changes_);
    set.too_large = too_large_;
    set.marks = std::move(marks_);
    set.definitions = std::move(definitions_);
    if (too_large_ && !touched_unknown()) {
        set.tables.emplace();
        for (const auto& [table, rows] : touched_) {
            if (!is_internal(table)) set.tables->push_back(table);
        }
    }
    clear();
    return set;
}

data::ChangeSet ChangeRecorder::take_commit() {
    if (capturing_ != Capture::Values) drop_changes();
    return take();
}

bool ChangeRecorder::is_internal(std::string_view table) const {
    return is_reserved_name(table) || virtual_tables_.is_shadow(table);
}

void ChangeRecorder::set_redefined(const std::vector<data::ChangedDefinition>& tables) {
    for (const auto& changed : tables) {
        touched_in(changed.table).unknown = true;
        if (!is_internal(changed.table)) definitions_.push_back(changed);
    }
    drop_changes();
}

void ChangeRecorder::drop_changes() {
    too_large_ = true;
    changes_.clear();
    changes_.shrink_to_fit();
}

void ChangeRecorder::clear() {
    changes_.clear();
    bytes_ = 0;
    too_large_ = false;
    touched_.clear();
    definitions_.clear();
    last_touched_ = touched_.end();
    marks_.clear();
}

void ChangeRecorder::watch(const AccessList& accesses, const identity::Rights& rights) {
    watched_ = &accesses;
    rights_ = &rights;
    replaced_in_.clear();
    if (capturing_ == Capture::Nothing) install();
}

Result<void> ChangeRecorder::end_watch() {
    if (watched_ == nullptr) return {};
    watched_ = nullptr;
    rights_ = nullptr;
    if (capturing_ == Capture::Nothing) install();
    if (replaced_in_.empty()) return {};
    Access missing;
    missing.right = identity::Right::Update;
    missing.table = replaced_in_;
    return missing_access(missing);
}

void ChangeRecorder::callback(void* self, sqlite3*, int operation, const char* database,
                              const char* table, std::int64_t before, std::int64_t after) {
    auto& recorder = *static_cast<ChangeRecorder*>(self);
    const std::string_view name = table == nullptr ? "" : table;
    if (database != nullptr && std::string_view(database) != "main") return;
    if (recorder.is_internal(name)) return;
    if (operation == SQLITE_DELETE && recorder.watched_ != nullptr) recorder.check_replaced(name);
    if (recorder.capturing_ == Capture::Nothing) return;
    recorder.touch(operation, name, before, after);
    if (recorder.capturing_ == Capture::Values && !recorder.too_large_) {
        recorder.record(operation, name, before, after);
    }
}

void ChangeRecorder::check_replaced(std::string_view table) {
    if (!replaced_in_.empty() || watched_->has(identity::Right::Delete, table)) return;
    if (rights_->allows_table(table, identity::Right::Update)) return;
    replaced_in_ = table;
}

TouchedRows& ChangeRecorder::touched_in(std::string_view table) {
    if (last_touched_ == touched_.end() || last_touched_->first != table) {
        last_touched_ = touched_.try_emplace(std::string(table)).first;
    }
    return last_touched_->second;
}

void ChangeRecorder::touch(int operation, std::string_view table, std::int64_t before,
                           std::int64_t after) {
    TouchedRows& rows = touched_in(table);
    if (rows.unknown) return;
    if (operation != SQLITE_INSERT) rows.row_ids.push_back(before);
    if (operation != SQLITE_DELETE && (operation == SQLITE_INSERT || after != before)) {
        rows.row_ids.push_back(after);
    }
    if (rows.row_ids.size() <= kTouchedRowsMax) return;
    rows.unknown = true;
    rows.row_ids = {};
}

void ChangeRecorder::record(int operation, std::string_view table, std::int64_t before,
                            std::int64_t after) {
    data::RowChange change;
    change.table = table;
    bytes_ += sizeof(change) + table.size();
    if (operation != SQLITE_INSERT) {
        change.row_id_before = before;
        bytes_ += read_values(connection_, sqlite3_preupdate_old, change.old_values);
    }
    if (operation != SQLITE_DELETE) {
        change.row_id_after = after;
        bytes_ += read_values(connection_, sqlite3_preupdate_new, change.new_values);
    }
    change.operation = operation == SQLITE_INSERT   ? ChangeOperation::Insert
                       : operation == SQLITE_DELETE ? ChangeOperation::Delete
                                                    : ChangeOperation::Update;
    if (bytes_ > data::limits::kChangeSetBytesMax) {
        drop_changes();
        return;
    }
    changes_.push_back(std::move(change));
}

}  // namespace zs::sqlite_data
