#include "adapters/relational/migrations.hpp"

#include <algorithm>

namespace zs::relational {
namespace {

// Any number that no other user of advisory locks in this database takes: "zsmigr" in ASCII.
constexpr std::int64_t kAdvisoryLock = 0x7A736D696772;

struct AppliedMigration {
    int version = 0;
    std::string name;
    std::string checksum;
    Timestamp applied_at;
};

std::string label(int version, std::string_view name) {
    auto number = std::to_string(version);
    number.insert(0, 3 - std::min<std::size_t>(number.size(), 3), '0');
    return number + "_" + std::string(name);
}

// Waits until no other process migrates. PostgreSQL: read committed, so that what is read after the
// wait is what the other one left behind; a schema change may take longer than a query.
Result<void> lock(Session& session) {
    if (session.dialect() == Dialect::Sqlite)
        return {};  // this transaction has the only write lock
    auto ready = session.script(
        "set transaction isolation level read committed;"
        "set local statement_timeout = 0;"
        "set local lock_timeout = '10min'");
    if (!ready) return ready;
    auto locked = session.query_with("select pg_advisory_xact_lock(?)", kAdvisoryLock);
    if (!locked) return std::move(locked).error();
    return {};
}

Result<void> make_table(Session& session) {
    return session.script(
        "create table if not exists _migrations ("
        "version bigint primary key, name text not null, "
        "checksum text not null, applied_at bigint not null)");
}

Result<std::vector<AppliedMigration>> read_applied(Session& session) {
    auto table = session.query(session.dialect() == Dialect::Sqlite
                                   ? "select 1 from sqlite_master where name = '_migrations'"
                                   : "select 1 where to_regclass('_migrations') is not null",
                               {});
    if (!table) return std::move(table).error();
    std::vector<AppliedMigration> applied;
    if (table->empty()) return applied;
    auto rows = session.query(
        "select version, name, checksum, applied_at from _migrations order by version", {});
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows) {
        applied.push_back(
            {static_cast<int>(row.integer(0)), row.text(1), row.text(2), row.time(3)});
    }
    return applied;
}

Result<std::vector<AppliedMigration>> read_applied_locked(Session& session) {
    if (auto done = lock(session); !done) return std::move(done).error();
    if (auto done = make_table(session); !done) return std::move(done).error();
    return read_applied(session);
}

Error in_migration(Error error, const Migration& migration, std::string_view direction) {
    error.message = "migration " + label(migration.version, migration.name) + " ("
                    + std::string(direction) + "): " + error.message;
    return error;
}

std::vector<MigrationStatus> compare(const std::vector<Migration>& files,
                                     const std::vector<AppliedMigration>& applied) {
    std::vector<MigrationStatus> status;
    for (const auto& file : files)
        status.push_back({file.version, file.name, MigrationState::Pending, std::nullopt});
    for (const auto& row : applied) {
        const auto known = std::find_if(files.begin(), files.end(), [&](const Migration& file) {
            return file.version == row.version;
        });
        if (known == files.end()) {
            status.push_back({row.version, row.name, MigrationState::Missing, row.applied_at});
            continue;
        }
        auto& entry = status[static_cast<std::size_t>(known - files.begin())];
        const bool same = known->checksum == row.checksum;
        entry.state = same ? MigrationState::Applied : MigrationState::Changed;
        entry.applied_at = row.applied_at;
    }
    std::sort(status.begin(), status.end(),
              [](const auto& a, const auto& b) { return a.version < b.version; });
    return status;
}

// What must hold before anything is applied on top.
Result<void> check_consistent(const std::vector<MigrationStatus>& status) {
    const MigrationStatus* pending = nullptr;
    for (const auto& entry : status) {
        const auto name = label(entry.version, entry.name);
        switch (entry.state) {
            case MigrationState::Pending:
                if (pending == nullptr) pending = &entry;
                continue;
            case MigrationState::Changed:
                return conflict("migration " + name
                                    + " was applied with another text (its checksum differs): "
                                      "restore the file, or undo it with `migrate down` first",
                                "migration_changed")
                    .with("version", entry.version);
            case MigrationState::Missing:
                return conflict("migration " + name
                                    + " is applied but unknown here: the schema belongs to a newer "
                                      "version of the program",
                                "migration_missing")
                    .with("version", entry.version);
            case MigrationState::Applied: break;
        }
        if (pending != nullptr) {
            return conflict("migration " + label(pending->version, pending->name)
                                + " is pending although the later " + name
                                + " is applied: give it a higher number",
                            "migration_out_of_order")
                .with("version", pending->version);
        }
    }
    return {};
}

Result<void> check_range(const MigrationRange& range) {
    if (range.steps && range.to) {
        return invalid_argument("give either steps or to, not both", "invalid_range");
    }
    if (range.steps && *range.steps < 1) return invalid_field("steps", "steps must be at least 1");
    if (range.to && *range.to < 0) return invalid_field("to", "to must be a version, or 0");
    return {};
}

template <class Entries>
void cut(Entries& entries, const std::optional<int>& steps) {
    if (!steps) return;
    const auto count = static_cast<std::size_t>(*steps);
    if (entries.size() > count) entries.resize(count);
}

// False when another process has applied it meanwhile.
Result<bool> apply_one(Session& session, const std::vector<Migration>& files,
                       const Migration& migration, Timestamp now) {
    auto applied = read_applied_locked(session);
    if (!applied) return std::move(applied).error();
    const auto status = compare(files, *applied);
    if (auto done = check_consistent(status); !done) return std::move(done).error();
    const bool is_there = std::any_of(applied->begin(), applied->end(), [&](const auto& row) {
        return row.version == migration.version;
    });
    if (is_there) return false;
    // All before it were applied when the plan was made.
    const bool gap = std::any_of(status.begin(), status.end(), [&](const auto& entry) {
        return entry.version < migration.version && entry.state == MigrationState::Pending;
    });
    if (gap) return conflict("another process undid migrations meanwhile", "migration_race");
    if (auto done = session.script(migration.up); !done) return std::move(done).error();
    auto noted = session.execute_with(
        "insert into _migrations (version, name, checksum, applied_at) values (?, ?, ?, ?)",
        migration.version, migration.name, migration.checksum, now);
    if (!noted) return std::move(noted).error();
    return true;
}

// False when another process has undone it meanwhile.
Result<bool> undo_one(Session& session, const Migration& migration) {
    auto applied = read_applied_locked(session);
    if (!applied) return std::move(applied).error();
    const bool is_last = !applied->empty() && applied->back().version == migration.version;
    if (!is_last) {
        const bool is_gone = applied->empty() || applied->back().version < migration.version;
        if (is_gone) return false;
        return conflict("another process applied migrations meanwhile", "migration_race");
    }
    if (auto done = session.script(*migration.down); !done) return std::move(done).error();
    auto noted =
        session.execute_with("delete from _migrations where version = ?", migration.version);
    if (!noted) return std::move(noted).error();
    return true;
}

}  // namespace

std::string_view to_text(MigrationState state) noexcept {
    switch (state) {
        case MigrationState::Applied: return "applied";
        case MigrationState::Pending: return "pending";
        case MigrationState::Changed: return "changed";
        case MigrationState::Missing: return "missing";
    }
    return "";
}

Migrator::Migrator(Database& database, const Clock& clock, std::vector<Migration> migrations)
    : database_(database), clock_(clock), migrations_(std::move(migrations)) {}

const Migration* Migrator::find(int version) const {
    const auto found = std::find_if(migrations_.begin(), migrations_.end(),
                                    [&](const auto& file) { return file.version == version; });
    return found == migrations_.end() ? nullptr : &*found;
}

async::Task<Result<std::vector<MigrationStatus>>> Migrator::status() {
    auto work = [this](Session& session) -> Result<std::vector<MigrationStatus>> {
        auto applied = read_applied(session);
        if (!applied) return std::move(applied).error();
        return compare(migrations_, *applied);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<MigrationStep>>> Migrator::up(MigrationRange range) {
    if (auto good = check_range(range); !good) co_return std::move(good).error();
    auto known = co_await status();
    if (!known) co_return std::move(known).error();
    if (auto good = check_consistent(*known); !good) co_return std::move(good).error();
    std::vector<MigrationStep> plan;
    for (const auto& entry : *known) {
        if (entry.state != MigrationState::Pending) continue;
        if (range.to && entry.version > *range.to) break;
        plan.push_back({entry.version, entry.name});
    }
    cut(plan, range.steps);
    if (range.dry_run) co_return plan;
    std::vector<MigrationStep> done;
    for (const auto& step : plan) {
        const auto* migration = find(step.version);
        auto work = [this, migration](Session& session) -> Result<bool> {
            return apply_one(session, migrations_, *migration, clock_.now());
        };
        auto applied = co_await database_.write(std::move(work));
        if (!applied) co_return in_migration(std::move(applied).error(), *migration, "up");
        if (*applied) done.push_back(step);
    }
    co_return done;
}

async::Task<Result<std::vector<MigrationStep>>> Migrator::down(MigrationRange range) {
    if (auto good = check_range(range); !good) co_return std::move(good).error();
    auto known = co_await status();
    if (!known) co_return std::move(known).error();
    std::vector<MigrationStep> plan;
    for (auto entry = known->rbegin(); entry != known->rend(); ++entry) {
        if (entry->state == MigrationState::Pending) continue;
        if (range.to && entry->version <= *range.to) break;
        plan.push_back({entry->version, entry->name});
    }
    if (!range.to) cut(plan, range.steps.value_or(1));
    for (const auto& step : plan) {
        const auto* migration = find(step.version);
        if (migration != nullptr && migration->down) continue;
        const auto* why = migration == nullptr ? "its file is not here" : "it has no down script";
        co_return conflict("migration " + label(step.version, step.name)
                               + " cannot be undone: " + why + "; nothing was changed",
                           migration == nullptr ? "migration_missing" : "migration_irreversible")
            .with("version", step.version);
    }
    if (range.dry_run) co_return plan;
    std::vector<MigrationStep> done;
    for (const auto& step : plan) {
        const auto* migration = find(step.version);
        auto work = [migration](Session& session) -> Result<bool> {
            return undo_one(session, *migration);
        };
        auto undone = co_await database_.write(std::move(work));
        if (!undone) co_return in_migration(std::move(undone).error(), *migration, "down");
        if (*undone) done.push_back(step);
    }
    co_return done;
}

bool is_up_to_date(const std::vector<MigrationStatus>& status) {
    return std::none_of(status.begin(), status.end(),
                        [](const auto& entry) { return entry.state == MigrationState::Pending; });
}

}  // namespace zs::relational
