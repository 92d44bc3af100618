#include "adapters/sqlite_data/early_writeback.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace zs::sqlite_data {
namespace {

constexpr std::int64_t kSmallCache = -1024;  // KiB, as PRAGMA cache_size has it

std::int64_t cache_size(sqlite::Connection& connection) {
    auto query = connection.prepare_cached("PRAGMA cache_size");
    if (!query) return 0;
    const auto row = query->step();
    return row && *row ? query->integer(0) : 0;
}

}  // namespace

// All of it is a help: what fails only makes the commit wait longer. SQLite holds no lock on the
// log file, so opening and closing it takes none away.
EarlyWriteback::EarlyWriteback(sqlite::Connection& connection)
    : connection_(connection), cache_before_(cache_size(connection)) {
    if (cache_before_ >= kSmallCache) return;
    const char* const file = sqlite3_db_filename(connection.handle(), "main");
    if (file == nullptr || *file == '\0') return;
    log_ = ::open((std::string(file) + "-wal").c_str(), O_RDONLY | O_CLOEXEC);
    if (log_ >= 0) set_cache(kSmallCache);
}

EarlyWriteback::~EarlyWriteback() {
    if (log_ < 0) return;
    set_cache(cache_before_);
    ::close(log_);
}

void EarlyWriteback::set_cache(std::int64_t size) {
    auto set = connection_.execute("PRAGMA cache_size=" + std::to_string(size));
    (void)set;
}

void EarlyWriteback::start() {
    bytes_ = 0;
    if (log_ >= 0) (void)::sync_file_range(log_, 0, 0, SYNC_FILE_RANGE_WRITE);
}

}  // namespace zs::sqlite_data
