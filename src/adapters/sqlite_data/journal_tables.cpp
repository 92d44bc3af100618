#include "adapters/sqlite_data/journal_tables.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "sqlite/connection.hpp"

#include <algorithm>
#include <cstring>

namespace zs::sqlite_data {
namespace {

// Of one table. Reading the table is no slower than looking up the rows of a longer history.
constexpr std::size_t kHistoryBytesMax = std::size_t{8} << 20;
constexpr std::size_t kEntryBytes = 64;  // of one without rows, about

constexpr std::string_view kExists =
    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='_zs_change_journal'";
constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS _zs_change_journal (tbl TEXT NOT NULL, number INTEGER NOT NULL, "
    "token INTEGER NOT NULL, row_ids BLOB, PRIMARY KEY (tbl, number)) WITHOUT ROWID";
constexpr std::string_view kLoad =
    "SELECT tbl, max(number), sum(64 + ifnull(length(row_ids), 0)) FROM _zs_change_journal "
    "GROUP BY tbl";
constexpr std::string_view kNewest =
    "SELECT number, token FROM _zs_change_journal WHERE tbl=?1 ORDER BY number DESC LIMIT 1";
constexpr std::string_view kAdd = "INSERT INTO _zs_change_journal VALUES (?1, ?2, ?3, ?4)";
constexpr std::string_view kSince =
    "SELECT number, token, row_ids FROM _zs_change_journal WHERE tbl=?1 AND number>=?2 "
    "ORDER BY number";
constexpr std::string_view kTrim = "DELETE FROM _zs_change_journal WHERE tbl=?1 AND number<?2";
constexpr std::string_view kForget = "DELETE FROM _zs_change_journal WHERE tbl=?1";

std::int64_t new_token() {
    const std::string bytes = random_bytes(sizeof(std::int64_t));
    std::int64_t token = 0;
    std::memcpy(&token, bytes.data(), sizeof(token));
    return token;
}

void sort_distinct(std::vector<std::int64_t>& ids) {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

// Sorted ids as the distances between them, seven bits to a byte, the lowest first.
std::string pack(std::vector<std::int64_t> row_ids) {
    sort_distinct(row_ids);
    std::string out;
    std::uint64_t before = 0;
    for (const std::int64_t id : row_ids) {
        auto rest = static_cast<std::uint64_t>(id) - before;
        before = static_cast<std::uint64_t>(id);
        for (; rest >= 0x80; rest >>= 7U)
            out += static_cast<char>(static_cast<unsigned char>(rest | 0x80U));
        out += static_cast<char>(rest);
    }
    return out;
}

void unpack(std::string_view bytes, std::vector<std::int64_t>& out) {
    std::uint64_t id = 0;
    std::uint64_t distance = 0;
    unsigned shift = 0;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(c));
        distance |= (byte & 0x7FU) << shift;
        shift += 7;
        if ((byte & 0x80U) != 0 && shift < 64) continue;
        id += distance;
        out.push_back(static_cast<std::int64_t>(id));
        distance = 0;
        shift = 0;
    }
}

Result<bool> exists(sqlite::Connection& connection) {
    auto query = connection.prepare_cached(kExists);
    if (!query) return std::move(query).error();
    return query->step();
}

// `row_ids` null: nobody knows which rows.
Result<data::ChangeMark> add_entry(sqlite::Connection& connection, const std::string& table,
                                   std::uint64_t number, const std::string* row_ids) {
    auto insert = connection.prepare_cached(kAdd);
    if (!insert) return std::move(insert).error();
    const std::int64_t token = new_token();
    auto bound = insert->bind_all(table, static_cast<std::int64_t>(number), token);
    if (bound) {
        bound = row_ids == nullptr ? insert->bind(4, nullptr)
                                   : insert->bind(4, sqlite::BlobView{*row_ids});
    }
    if (!bound) return std::move(bound).error();
    auto added = insert->run();
    if (!added) return std::move(added).error();
    return data::ChangeMark{number, static_cast<std::uint64_t>(token)};
}

Result<void> run_for(sqlite::Connection& connection, std::string_view sql,
                     const std::string& table) {
    auto statement = connection.prepare_cached(sql);
    if (!statement) return std::move(statement).error();
    auto bound = statement->bind_all(table);
    if (!bound) return bound;
    return statement->run();
}

}  // namespace

Result<JournalTables::Histories> JournalTables::read_blocking(sqlite::Connection& connection) {
    Histories histories;
    const auto there = exists(connection);
    if (!there) return there.error();
    if (!*there) return histories;
    auto query = connection.prepare(kLoad);
    if (!query) return std::move(query).error();
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return histories;
        Followed followed;
        followed.last = static_cast<std::uint64_t>(query->integer(1));
        followed.bytes = static_cast<std::size_t>(query->integer(2));
        histories[std::string(query->text(0))] = followed;
    }
}

void JournalTables::begin_with(Histories histories) {
    const std::lock_guard lock(mutex_);
    followed_ = std::move(histories);
    any_ = !followed_.empty();
}

std::optional<JournalTables::Followed> JournalTables::find(const std::string& table) const {
    const std::lock_guard lock(mutex_);
    const auto found = followed_.find(table);
    if (found == followed_.end()) return std::nullopt;
    return found->second;
}

// A transaction that was not recorded from its begin on may have changed every table.
Result<void> JournalTables::note_blocking(sqlite::Connection& connection,
                                          ChangeRecorder& recorder) {
    if (!any()) return {};
    // What was never written, or was undone with the table itself, nobody relies on.
    const auto there = exists(connection);
    if (!there) return there.error();
    if (!*there) return {};
    std::map<std::string, TouchedRows> changed;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [table, followed] : followed_) {
            if (followed.last > 0 && recorder.touched_unknown()) changed[table].unknown = true;
        }
        for (const auto& [name, rows] : recorder.touched()) {
            const std::string table = to_lower(name);
            const auto followed = followed_.find(table);
            if (followed == followed_.end() || followed->second.last == 0) continue;
            TouchedRows& all = changed[table];
            all.unknown = all.unknown || rows.unknown;
            all.row_ids.insert(all.row_ids.end(), rows.row_ids.begin(), rows.row_ids.end());
        }
    }
    std::vector<data::TableMark> marks;
    for (auto& [table, rows] : changed) {
        const auto followed = find(table);
        if (!followed) continue;
        if (followed->bytes > kHistoryBytesMax) {
            auto forgotten = unfollow_blocking(connection, table);
            if (!forgotten) return forgotten;
            continue;
        }
        const std::string packed = rows.unknown ? std::string() : pack(std::move(rows.row_ids));
        const std::uint64_t number = followed->last + 1;
        auto mark = add_entry(connection, table, number, rows.unknown ? nullptr : &packed);
        if (!mark) return std::move(mark).error();
        const std::lock_guard lock(mutex_);
        followed_[table] = {number, followed->bytes + kEntryBytes + packed.size()};
        marks.push_back({table, *mark});
    }
    recorder.set_marks(std::move(marks));
    return {};
}

void JournalTables::committed() {
    const std::lock_guard lock(mutex_);
    for (const std::string& table : leaving_)
        followed_.erase(table);
    leaving_.clear();
    any_ = !followed_.empty();
}

void JournalTables::rolled_back() {
    const std::lock_guard lock(mutex_);
    leaving_.clear();
}

void JournalTables::expect(const std::string& table) {
    const std::lock_guard lock(mutex_);
    followed_.try_emplace(to_lower(table));
    any_ = true;
}

Result<data::ChangeMark> JournalTables::follow_blocking(sqlite::Connection& connection,
                                                        const std::string& name) {
    const std::string table = to_lower(name);
    auto created = connection.execute(kCreate);
    if (!created) return std::move(created).error();
    std::uint64_t number = 1;
    {
        auto newest = connection.prepare_cached(kNewest);
        if (!newest) return std::move(newest).error();
        auto bound = newest->bind_all(table);
        if (!bound) return std::move(bound).error();
        const auto row = newest->step();
        if (!row) return row.error();
        const auto known = find(table);
        if (*row && known && known->last > 0) {
            return data::ChangeMark{static_cast<std::uint64_t>(newest->integer(0)),
                                    static_cast<std::uint64_t>(newest->integer(1))};
        }
        // What is there without being followed ends here: the gap says so.
        if (*row) number = static_cast<std::uint64_t>(newest->integer(0)) + 2;
    }
    {
        const std::lock_guard lock(mutex_);
        Followed& followed = followed_[table];
        number = std::max(number, followed.last + 1);
        followed = {number, kEntryBytes};
        std::erase(leaving_, table);
        any_ = true;
    }
    const std::string nothing;
    return add_entry(connection, table, number, &nothing);
}

Result<void> JournalTables::unfollow_blocking(sqlite::Connection& connection,
                                              const std::string& name) {
    const std::string table = to_lower(name);
    const auto there = exists(connection);
    if (!there) return there.error();
    if (!*there) return {};
    auto forgotten = run_for(connection, kForget, table);
    if (!forgotten) return forgotten;
    const std::lock_guard lock(mutex_);
    leaving_.push_back(table);
    return {};
}

Result<void> JournalTables::trim_blocking(sqlite::Connection& connection, const std::string& table,
                                          data::ChangeMark mark) {
    const auto there = exists(connection);
    if (!there) return there.error();
    if (!*there) return {};
    auto trim = connection.prepare_cached(kTrim);
    if (!trim) return std::move(trim).error();
    auto bound = trim->bind_all(to_lower(table), static_cast<std::int64_t>(mark.number));
    if (!bound) return bound;
    return trim->run();
}

Result<std::optional<data::TableChanges>> JournalTables::changes_since_blocking(
    sqlite::Connection& connection, const std::string& table, data::ChangeMark mark) {
    using Answer = std::optional<data::TableChanges>;
    const auto there = exists(connection);
    if (!there) return there.error();
    if (!*there) return Answer();
    auto query = connection.prepare_cached(kSince);
    if (!query) return std::move(query).error();
    auto bound = query->bind_all(to_lower(table), static_cast<std::int64_t>(mark.number));
    if (!bound) return std::move(bound).error();
    data::TableChanges changes;
    changes.now = mark;
    for (bool is_first = true;; is_first = false) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row && is_first) return Answer();
        if (!*row) break;
        const data::ChangeMark here{static_cast<std::uint64_t>(query->integer(0)),
                                    static_cast<std::uint64_t>(query->integer(1))};
        if (is_first && here != mark) return Answer();
        if (is_first) continue;
        if (here.number != changes.now.number + 1) return Answer();
        if (query->column_type(2) == sqlite::ColumnType::Null) return Answer();
        unpack(query->blob(2), changes.row_ids);
        changes.now = here;
    }
    sort_distinct(changes.row_ids);
    return Answer(std::move(changes));
}

}  // namespace zs::sqlite_data
