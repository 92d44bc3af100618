#include "adapters/process/artifact_scan.hpp"

#include "adapters/process/limits.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace zs::process {

namespace {

Descriptor open_beneath(int folder, const std::string& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    return Descriptor(static_cast<int>(fd));
}

Descriptor open_folder(const std::string& path) {
    return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Why a file is not kept; empty when it is.
std::string_view objection(const struct stat& facts, dev_t device, uid_t owner) {
    if (S_ISLNK(facts.st_mode)) return "it is a symbolic link";
    if (!S_ISREG(facts.st_mode)) return "it is no regular file";
    if (facts.st_dev != device) return "it lies on another device";
    if (facts.st_nlink != 1) return "it has several names (hard links)";
    if (facts.st_uid != owner) return "it belongs to another user";
    return {};
}

class Scanner {
public:
    Scanner(const ArtifactRules& rules, dev_t device) : rules_(rules), device_(device) {}

    void walk(int folder, const std::string& prefix, std::size_t depth) {
        const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* all = copy < 0 ? nullptr : ::fdopendir(copy);
        if (all == nullptr) return;
        while (const dirent* entry = ::readdir(all)) {
            if (over_) break;
            const std::string name = entry->d_name;
            if (name != "." && name != "..") look(folder, prefix, name, depth);
        }
        ::closedir(all);
    }

    Result<ArtifactScan> finish() {
        if (over_) {
            return too_large("the attempt left more than " + std::to_string(rules_.files_max)
                                 + " artifacts or " + std::to_string(rules_.bytes_max)
                                 + " bytes of them",
                             "artifact_limit");
        }
        std::sort(found_.files.begin(), found_.files.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        std::sort(found_.notes.begin(), found_.notes.end());
        if (found_.notes.size() > limits::kSkippedShownMax) {
            const auto more = found_.notes.size() - limits::kSkippedShownMax;
            found_.notes.resize(limits::kSkippedShownMax);
            found_.notes.push_back(std::to_string(more) + " more files are no artifacts");
        }
        return std::move(found_);
    }

private:
    void skip(const std::string& name, std::string_view why) {
        // A hostile program can make any number of them.
        if (found_.notes.size() > 10 * rules_.files_max) return;
        std::string shown;
        append_json_string(shown, name.substr(0, 512));
        found_.notes.push_back(shown + " is no artifact: " + std::string(why));
    }

    void look(int folder, const std::string& prefix, const std::string& name, std::size_t depth) {
        const auto path = prefix.empty() ? name : prefix + "/" + name;
        if (!is_artifact_component(name)) return skip(path, "its name is not allowed");
        struct stat facts {};
        if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            return skip(path, "it cannot be looked at");
        }
        if (S_ISDIR(facts.st_mode)) return enter(folder, path, name, depth);
        const auto why = objection(facts, device_, rules_.owner);
        if (!why.empty()) return skip(path, why);
        bytes_ += static_cast<std::uint64_t>(facts.st_size);
        found_.files.push_back({path, static_cast<std::uint64_t>(facts.st_size)});
        over_ = found_.files.size() > rules_.files_max || bytes_ > rules_.bytes_max;
    }

    void enter(int folder, const std::string& path, const std::string& name, std::size_t depth) {
        if (depth >= limits::kArtifactDepthMax) return skip(path, "it lies too deep");
        const auto inner = open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
        if (!inner) return skip(path, "the directory cannot be opened");
        walk(inner.get(), path, depth + 1);
    }

    const ArtifactRules& rules_;
    dev_t device_;
    ArtifactScan found_;
    std::uint64_t bytes_ = 0;
    bool over_ = false;
};

}  // namespace

bool is_artifact_component(std::string_view component) {
    if (component.empty() || component == "." || component == "..") return false;
    if (component.size() > limits::kArtifactNameBytesMax || !is_utf8(component)) return false;
    unsigned char before = 0;
    for (const char c : component) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || byte == '/') return false;
        // U+0080 to U+009F.
        if (before == 0xC2 && byte < 0xA0) return false;
        before = byte;
    }
    return true;
}

Result<ArtifactScan> scan_artifacts_blocking(const std::string& folder,
                                             const ArtifactRules& rules) {
    const auto top = open_folder(folder);
    struct stat facts {};
    // A program may remove the folder, or put something else in its place: then it made nothing.
    if (!top || ::fstat(top.get(), &facts) != 0) return ArtifactScan();
    Scanner scanner(rules, facts.st_dev);
    scanner.walk(top.get(), "", 1);
    return scanner.finish();
}

Result<Descriptor> open_artifact_blocking(const std::string& folder, const FoundArtifact& file,
                                          const ArtifactRules& rules) {
    const auto top = open_folder(folder);
    struct stat device {};
    struct stat facts {};
    if (!top || ::fstat(top.get(), &device) != 0) return conflict("the artifacts are gone");
    // A FIFO in its place must not make us wait.
    auto opened = open_beneath(top.get(), file.name, O_RDONLY | O_NONBLOCK);
    if (!opened || ::fstat(opened.get(), &facts) != 0
        || !objection(facts, device.st_dev, rules.owner).empty()
        || static_cast<std::uint64_t>(facts.st_size) != file.size) {
        return conflict("an artifact changed while it was collected");
    }
    return opened;
}

}  // namespace zs::process
