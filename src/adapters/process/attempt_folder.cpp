#include "adapters/process/attempt_folder.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>

namespace zs::process {

namespace {

constexpr std::string_view kStates = "/.states";

Error cannot(const std::string& what) {
    return unavailable("cannot " + what + ": " + std::strerror(errno));
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    DIR* all = ::opendir(folder.c_str());
    if (all == nullptr) return names;
    while (const dirent* entry = ::readdir(all)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(all);
    return names;
}

bool write_whole(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

bool give(const std::string& path, const JobUser& user) {
    return !user.change || ::lchown(path.c_str(), user.uid, user.gid) == 0;
}

bool make_folder(const std::string& path, const JobUser& user) {
    return ::mkdir(path.c_str(), 0700) == 0 && give(path, user);
}

// Empties a folder. What lies deep is moved up to `top` first, so that no depth that a program made
// needs more descriptors than these.
class TreeRemoval {
public:
    explicit TreeRemoval(int top) : top_(top) {}

    void empty(int folder, int depth) {
        const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* all = copy < 0 ? nullptr : ::fdopendir(copy);
        if (all == nullptr) return;
        while (const dirent* entry = ::readdir(all)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") remove(folder, name, depth);
        }
        ::closedir(all);
    }

    bool moved_something() { return std::exchange(moved_, false); }

private:
    static constexpr int kDepthMax = 32;

    void remove(int folder, const std::string& name, int depth) {
        if (::unlinkat(folder, name.c_str(), 0) == 0) return;
        if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0) return;
        const Descriptor inner(
            ::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!inner) return;
        if (depth >= kDepthMax) {
            const auto aside = "moved-" + std::to_string(++count_);
            moved_ = ::renameat(folder, name.c_str(), top_, aside.c_str()) == 0 || moved_;
            return;
        }
        // A program may have taken its own rights away.
        const auto path = "/proc/self/fd/" + std::to_string(inner.get());
        ::chmod(path.c_str(), 0700);
        empty(inner.get(), depth + 1);
        ::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
    }

    int top_;
    std::size_t count_ = 0;
    bool moved_ = false;
};

Result<void> check_ours(const std::string& path, bool is_entered) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return cannot("look at " + path);
    if (S_ISLNK(facts.st_mode) || !S_ISDIR(facts.st_mode)) {
        return unavailable(path + " must be a directory, and no symbolic link");
    }
    if (facts.st_uid != ::geteuid()) {
        return unavailable(path + " must belong to the user that the worker runs as");
    }
    if (::chmod(path.c_str(), is_entered ? 0711 : 0700) != 0) return cannot("protect " + path);
    return {};
}

}  // namespace

AttemptFolder::AttemptFolder(const std::string& temp_dir, const std::string& name)
    : root(temp_dir + "/" + name), state(temp_dir + std::string(kStates) + "/" + name) {}

std::string AttemptFolder::name_of(jobs::JobId job, std::uint32_t attempt) {
    return job.to_string() + "-" + std::to_string(attempt);
}

Result<void> AttemptFolder::make_blocking(std::string_view input, const JobUser& user) const {
    if (::mkdir(state.c_str(), 0700) != 0 || !make_folder(root, user) || !make_folder(work(), user)
        || !make_folder(artifacts(), user) || !make_folder(temporary(), user)) {
        return cannot("make the directory of an attempt");
    }
    const Descriptor file(
        ::open(this->input().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file || !write_whole(file.get(), input) || !give(this->input(), user)) {
        return cannot("write the input of an attempt");
    }
    return {};
}

void AttemptFolder::remove_blocking() const {
    remove_tree_blocking(root);
    // Last: as long as it is there, the rest is known.
    remove_tree_blocking(state);
}

std::optional<AttemptName> parse_attempt_name(std::string_view name) {
    const auto dash = name.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    auto job = jobs::JobId::parse(name.substr(0, dash));
    if (!job) return std::nullopt;
    AttemptName parsed;
    parsed.job = *job;
    const auto digits = name.substr(dash + 1);
    const auto end = digits.data() + digits.size();
    const auto number = std::from_chars(digits.data(), end, parsed.attempt);
    if (number.ec != std::errc() || number.ptr != end) return std::nullopt;
    return parsed;
}

Result<TempFolder> TempFolder::open_blocking(const std::string& path, bool is_entered) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make " + path);
    auto ours = check_ours(path, is_entered);
    if (!ours) return ours.error();
    const auto states = path + std::string(kStates);
    if (::mkdir(states.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make " + states);
    ours = check_ours(states, false);
    if (!ours) return ours.error();
    Descriptor lock(
        ::open((states + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return cannot("lock " + path);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return unavailable(path + " is used by another worker; give each its own directory "
                                  "(ZWORKER_TEMP_DIR)");
    }
    return TempFolder(path, std::move(lock));
}

std::vector<std::string> TempFolder::states_blocking() const {
    auto names = names_in(path_ + std::string(kStates));
    std::erase_if(names, [](const std::string& name) { return !parse_attempt_name(name); });
    return names;
}

void TempFolder::remove_strays_blocking() const {
    const auto states = states_blocking();
    const std::set<std::string> known(states.begin(), states.end());
    for (const auto& name : names_in(path_)) {
        if (parse_attempt_name(name) && !known.contains(name)) {
            remove_tree_blocking(path_ + "/" + name);
        }
    }
}

void remove_tree_blocking(const std::string& path) {
    {
        const Descriptor top(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!top) return;
        ::chmod(("/proc/self/fd/" + std::to_string(top.get())).c_str(), 0700);
        TreeRemoval removal(top.get());
        do {
            removal.empty(top.get(), 0);
        } while (removal.moved_something());
    }
    ::rmdir(path.c_str());
}

Result<Descriptor> make_work_file_blocking(const AttemptFolder& folder, const std::string& path,
                                           const JobUser& user) {
    std::string at = folder.work();
    std::string_view rest = path;
    while (true) {
        const auto end = rest.find('/');
        const auto component = rest.substr(0, end);
        if (component.empty() || component == "." || component == "..") {
            return invalid_field("files",
                                 "\"" + path + "\" is no path below the working directory");
        }
        at += "/" + std::string(component);
        if (end == std::string_view::npos) break;
        if (::mkdir(at.c_str(), 0700) != 0) {
            if (errno != EEXIST) return cannot("make the directories of an attempt's files");
        } else if (!give(at, user)) {
            return cannot("give a directory to the user of the job");
        }
        rest.remove_prefix(end + 1);
    }
    // Nothing ran here yet, so there are no links to beware of. Files may be programs.
    Descriptor file(::open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0700));
    if (!file || !give(at, user)) return cannot("write a file of an attempt");
    return file;
}

}  // namespace zs::process
