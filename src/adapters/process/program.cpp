#include "adapters/process/program.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fnmatch.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::process {

namespace {

bool is_regular(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

bool has_execute_bit(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 0111U) != 0;
}

std::string absolute(std::string_view path, const std::string& work_folder) {
    if (path.starts_with('/')) return std::string(path);
    return work_folder + "/" + std::string(path);
}

// A path with these in it could lead out of a folder that a glob names.
bool has_dots(std::string_view path) {
    std::size_t at = 0;
    while (at <= path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto component = path.substr(at, end - at);
        if (component == "." || component == "..") return true;
        at = end + 1;
    }
    return false;
}

std::string with_real_folder(const std::string& program) {
    const auto slash = program.rfind('/');
    const auto folder = slash == 0 ? std::string("/") : program.substr(0, slash);
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(folder.c_str(), nullptr),
                                                           &std::free);
    if (!real) return {};
    const std::string resolved = real.get();
    return (resolved == "/" ? "" : resolved) + program.substr(slash);
}

}  // namespace

Result<std::string> find_program_blocking(std::string_view name, std::string_view path,
                                          const std::string& work_folder) {
    const std::string shown(name.substr(0, 256));
    if (name.find('/') != std::string_view::npos) {
        auto program = absolute(name, work_folder);
        if (!is_regular(program)) return not_found("there is no program " + shown);
        if (!has_execute_bit(program)) return forbidden(shown + " is not executable");
        return program;
    }
    bool found_one = false;
    while (!path.empty()) {
        const auto end = std::min(path.find(':'), path.size());
        const auto folder = end == 0 ? std::string_view(".") : path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        auto program = absolute(folder, work_folder) + "/" + std::string(name);
        if (!is_regular(program)) continue;
        if (has_execute_bit(program)) return program;
        found_one = true;
    }
    if (found_one) return forbidden(shown + " in PATH is not executable");
    return not_found("there is no program " + shown + " in PATH");
}

bool is_allowed_blocking(const std::string& program, const std::vector<std::string>& globs) {
    if (globs.empty()) return true;
    const auto real = with_real_folder(program);
    const bool plain = !has_dots(program);
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
        const auto matches = [&](const std::string& path) {
            return ::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME) == 0;
        };
        return (plain && matches(program)) || (!real.empty() && matches(real));
    });
}

}  // namespace zs::process
