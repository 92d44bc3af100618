#include "adapters/sqlite_data/database_registry.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::sqlite_data {
namespace {

constexpr std::size_t kNameBytesMax = 120;

void sync_folder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

std::string home_of(const std::string& folder, const identity::Tenant& tenant) {
    return folder + "/" + file_name_part(tenant.org_id);
}

std::string file_in(const std::string& home, const identity::Tenant& tenant) {
    return home + "/" + file_name_part(tenant.env_slug) + ".db";
}

Result<std::string> path_of(const std::string& folder, const identity::Tenant& tenant) {
    const std::string home = home_of(folder, tenant);
    std::error_code error;
    if (!std::filesystem::exists(home, error)) {
        std::filesystem::create_directories(home, error);
        if (error) return unavailable("the data folder cannot be written");
        ::chmod(folder.c_str(), 0700);
        ::chmod(home.c_str(), 0700);
        // A database is as durable as the folders that lead to it.
        sync_folder(folder);
        sync_folder(std::filesystem::path(folder).parent_path());
    }
    return file_in(home, tenant);
}

}  // namespace

std::string file_name_part(std::string_view name) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (name.empty()) return "%empty";
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    if (out.size() > kNameBytesMax) return "%h" + to_hex(sha256(name));
    return out;
}

DatabaseRegistry::DatabaseRegistry(SqliteDataOptions options, async::BlockingPool& pool,
                                   std::shared_ptr<ChangeHub> hub)
    : options_(std::move(options)), pool_(pool), hub_(std::move(hub)) {}

DatabaseRegistry::Database DatabaseRegistry::find(const identity::Tenant& tenant) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(tenant);
    if (found == entries_.end()) return nullptr;
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    return found->second.database;
}

std::size_t DatabaseRegistry::open_count() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

bool DatabaseRegistry::exists_blocking(const identity::Tenant& tenant) const {
    std::error_code error;
    return std::filesystem::exists(file_in(home_of(options_.folder, tenant), tenant), error);
}

// Answers the database to close, null when there is room.
Result<DatabaseRegistry::Database> DatabaseRegistry::make_room() {
    const std::lock_guard lock(mutex_);
    if (entries_.size() < options_.databases_open_max) return Database();
    for (auto tenant = by_use_.rbegin(); tenant != by_use_.rend(); ++tenant) {
        const auto entry = entries_.find(*tenant);
        // Nobody can get another reference meanwhile: find() needs the mutex, too.
        if (entry->second.database.use_count() > 1) continue;
        Database closing = std::move(entry->second.database);
        by_use_.erase(entry->second.place);
        entries_.erase(entry);
        return closing;
    }
    return unavailable("too many databases are in use at once: retry in a moment",
                       "too_many_databases");
}

Result<DatabaseRegistry::Database> DatabaseRegistry::open_blocking(const identity::Tenant& tenant) {
    const std::lock_guard opening(opening_);
    if (auto known = find(tenant)) return known;
    {
        auto closing = make_room();
        if (!closing) return std::move(closing).error();
    }
    auto path = path_of(options_.folder, tenant);
    if (!path) return std::move(path).error();
    auto opened = TenantDatabase::open_blocking(tenant, *path, options_, hub_);
    if (!opened) return std::move(opened).error();
    const std::lock_guard lock(mutex_);
    by_use_.push_front(tenant);
    Entry entry = {*opened, by_use_.begin()};
    entries_.emplace(tenant, std::move(entry));
    return opened;
}

async::Task<Result<DatabaseRegistry::Database>> DatabaseRegistry::get(identity::Tenant tenant) {
    if (auto known = find(tenant)) co_return known;
    auto open = [this, tenant] { return open_blocking(tenant); };
    co_return co_await pool_.run(std::move(open));
}

}  // namespace zs::sqlite_data
