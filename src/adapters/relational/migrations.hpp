#pragma once

#include "adapters/relational/migration_files.hpp"
#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::relational {

enum class MigrationState {
    Applied,
    Pending,
    Changed,  // applied, but the file is another one now
    Missing,  // applied, but this program has no such file: a newer one was here
};
std::string_view to_text(MigrationState state) noexcept;  // "applied", …

struct MigrationStatus {
    int version = 0;
    std::string name;
    MigrationState state = MigrationState::Pending;
    std::optional<Timestamp> applied_at;
};

// What up() and down() did; with dry_run, what they would have done.
struct MigrationStep {
    int version = 0;
    std::string name;
};

// How far to go. Neither: up runs all that is pending, down undoes the last one.
struct MigrationRange {
    std::optional<int> steps;
    std::optional<int> to;  // the version that is the newest afterwards; 0 is an empty schema
    bool dry_run = false;
};

// Brings a schema forward and back. Each migration is one transaction together with its row in
// _migrations, under a lock that all processes share (PostgreSQL: an advisory lock; SQLite: the
// write lock), and looks again under that lock, so that any number of processes may run it at once.
// Threading:  any; `database` and `clock` outlive it.
// Durability: what a step reports is durable.
// Errors:     Conflict "migration_changed" (an applied file has another checksum),
//             "migration_missing", "migration_out_of_order" (a pending one is older than an applied
//             one), "migration_irreversible", "migration_race" (another process moved the schema
//             elsewhere); InvalidArgument for a range that makes no sense; else what the SQL
//             answered, with the migration's name. Steps before the failed one stay.
class Migrator {
public:
    Migrator(Database& database, const Clock& clock, std::vector<Migration> migrations);

    // By version.
    async::Task<Result<std::vector<MigrationStatus>>> status();
    async::Task<Result<std::vector<MigrationStep>>> up(MigrationRange range = {});
    // Refused before any change when a migration in the range cannot be undone. A changed file does
    // not stop it: its down script is how one gets rid of the old one.
    async::Task<Result<std::vector<MigrationStep>>> down(MigrationRange range = {});

private:
    const Migration* find(int version) const;

    Database& database_;
    const Clock& clock_;
    std::vector<Migration> migrations_;
};

// Whether nothing is pending.
bool is_up_to_date(const std::vector<MigrationStatus>& status);

}  // namespace zs::relational
