#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace zs::cli {

inline constexpr std::string_view kDefaultProfile = "default";

// A sign-in kept on this machine.
struct Profile {
    std::string url = {};
    std::string email = {};
    std::string environment = {};
    Secret access_token = {};
    Timestamp access_expires_at{};
    Secret refresh_token = {};
    Timestamp refresh_expires_at{};
};

// The profiles of one user: a TOML file of mode 0600, written whole by rename.
// Errors: Forbidden when others may read the file; DataLoss when it cannot be understood;
// Unavailable when it cannot be read or written. No message holds a token.
class ProfileFile {
public:
    explicit ProfileFile(std::filesystem::path path) : path_(std::move(path)) {}

    // $XDG_CONFIG_HOME/zserver/profiles.toml, else ~/.config/zserver/profiles.toml.
    static std::filesystem::path default_path(
        const std::map<std::string, std::string>& environment);

    const std::filesystem::path& path() const { return path_; }
    // nullopt when there is no such profile, or no file.
    Result<std::optional<Profile>> find(const std::string& name) const;
    Result<void> put(const std::string& name, const Profile& profile);
    // Success also when there was none.
    Result<void> remove(const std::string& name);

    // Holds the other processes of this user off the file, so that two of them do not spend one
    // refresh token. Lifetime: until destroyed.
    class Lock {
    public:
        explicit Lock(const ProfileFile& file);
        ~Lock();
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;

    private:
        int file_ = -1;
    };

private:
    using Profiles = std::map<std::string, Profile>;
    Result<Profiles> read() const;
    Result<void> write(const Profiles& profiles) const;

    std::filesystem::path path_;
};

}  // namespace zs::cli
