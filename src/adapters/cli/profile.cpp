#include "adapters/cli/profile.hpp"

#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::cli {
namespace {

namespace fs = std::filesystem;

Error file_error(const std::string& what, const fs::path& path) {
    return unavailable("cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

Timestamp time_of(const toml::table& table, std::string_view key) {
    auto time = from_rfc3339(table[key].value_or(std::string()));
    return time ? *time : Timestamp{};
}

Profile profile_of(const toml::table& table) {
    const auto text = [&](std::string_view key) { return table[key].value_or(std::string()); };
    return Profile{.url = text("url"),
                   .email = text("email"),
                   .environment = text("environment"),
                   .access_token = Secret(text("access_token")),
                   .access_expires_at = time_of(table, "access_expires_at"),
                   .refresh_token = Secret(text("refresh_token")),
                   .refresh_expires_at = time_of(table, "refresh_expires_at")};
}

toml::table table_of(const Profile& profile) {
    return toml::table{{"url", profile.url},
                       {"email", profile.email},
                       {"environment", profile.environment},
                       {"access_token", std::string(profile.access_token.reveal())},
                       {"access_expires_at", to_rfc3339(profile.access_expires_at)},
                       {"refresh_token", std::string(profile.refresh_token.reveal())},
                       {"refresh_expires_at", to_rfc3339(profile.refresh_expires_at)}};
}

// Writes and syncs; the file exists only for its owner from its first byte on.
bool write_private(const fs::path& path, std::string_view text) {
    ::unlink(path.c_str());
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool good = true;
    while (good && !text.empty()) {
        const auto count = ::write(file, text.data(), text.size());
        good = count > 0;
        if (good) text.remove_prefix(static_cast<std::size_t>(count));
    }
    good = good && ::fsync(file) == 0;
    return ::close(file) == 0 && good;
}

}  // namespace

fs::path ProfileFile::default_path(const std::map<std::string, std::string>& environment) {
    const auto base = environment.find("XDG_CONFIG_HOME");
    if (base != environment.end() && !base->second.empty()) {
        return fs::path(base->second) / "zserver" / "profiles.toml";
    }
    const auto home = environment.find("HOME");
    const fs::path root = home == environment.end() ? "." : home->second;
    return root / ".config" / "zserver" / "profiles.toml";
}

Result<ProfileFile::Profiles> ProfileFile::read() const {
    struct stat info {};
    if (::stat(path_.c_str(), &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return Profiles{};
        return file_error("read", path_);
    }
    if ((info.st_mode & 077) != 0) {
        return forbidden("others may read " + path_.string()
                         + ", which holds tokens; run: chmod 600 " + path_.string());
    }
    std::ifstream stream(path_, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return file_error("read", path_);
    try {
        Profiles out;
        const auto table = toml::parse(text.str());
        for (const auto& [name, node] : table) {
            if (const auto* inner = node.as_table()) out.emplace(name.str(), profile_of(*inner));
        }
        return out;
    } catch (const toml::parse_error& failed) {
        return data_loss(path_.string() + ":" + std::to_string(failed.source().begin.line) + ": "
                         + std::string(failed.description()));
    }
}

Result<void> ProfileFile::write(const Profiles& profiles) const {
    toml::table table;
    for (const auto& [name, profile] : profiles)
        table.insert(name, table_of(profile));
    std::ostringstream text;
    text << "# Tokens of `zserver login`. Keep this file to yourself.\n" << table << '\n';

    std::error_code failed;
    const auto folder = path_.parent_path();
    if (!folder.empty() && fs::create_directories(folder, failed)) {
        fs::permissions(folder, fs::perms::owner_all, failed);
    }
    const fs::path fresh = path_.string() + ".new";
    if (!write_private(fresh, text.str())) return file_error("write", fresh);
    if (::rename(fresh.c_str(), path_.c_str()) != 0) return file_error("replace", path_);
    return {};
}

Result<std::optional<Profile>> ProfileFile::find(const std::string& name) const {
    auto profiles = read();
    if (!profiles) return std::move(profiles).error();
    const auto found = profiles->find(name);
    if (found == profiles->end()) return std::optional<Profile>();
    return std::optional<Profile>(std::move(found->second));
}

Result<void> ProfileFile::put(const std::string& name, const Profile& profile) {
    auto profiles = read();
    if (!profiles) return std::move(profiles).error();
    (*profiles)[name] = profile;
    return write(*profiles);
}

Result<void> ProfileFile::remove(const std::string& name) {
    auto profiles = read();
    if (!profiles) return std::move(profiles).error();
    if (profiles->erase(name) == 0) return {};
    return write(*profiles);
}

// Best effort: without the lock the server's grace for spent tokens still covers a race.
ProfileFile::Lock::Lock(const ProfileFile& file) {
    const auto path = file.path().string() + ".lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ >= 0) ::flock(file_, LOCK_EX);
}

ProfileFile::Lock::~Lock() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace zs::cli
