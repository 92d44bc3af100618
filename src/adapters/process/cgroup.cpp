#include "adapters/process/cgroup.hpp"

#include "adapters/process/descriptor.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/stat.h>

namespace zs::process {

namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool write_file(const std::string& path, std::string_view text) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return file
           && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The number behind `key` in a file of lines "key number".
std::uint64_t value_of(const std::string& text, std::string_view key) {
    std::istringstream lines(text);
    std::string word;
    std::uint64_t number = 0;
    while (lines >> word >> number) {
        if (word == key) return number;
    }
    return 0;
}

bool has_word(const std::string& text, std::string_view wanted) {
    std::istringstream words(text);
    std::string word;
    while (words >> word) {
        if (word == wanted) return true;
    }
    return false;
}

// Where cgroup v2 is mounted. Source: proc(5), mountinfo.
std::string mount_point() {
    std::ifstream file("/proc/self/mountinfo");
    std::string line;
    while (std::getline(file, line)) {
        const auto dash = line.find(" - ");
        if (dash == std::string::npos || line.compare(dash + 3, 8, "cgroup2 ") != 0) continue;
        std::istringstream fields(line);
        std::string field;
        for (int i = 0; i < 5; ++i)
            fields >> field;
        return field;
    }
    return {};
}

std::string own_path() {
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("0::")) return line.substr(3);
    }
    return {};
}

}  // namespace

Result<CgroupTree> CgroupTree::find_blocking() {
    const auto mount = mount_point();
    auto path = own_path();
    if (mount.empty() || path.empty()) return unavailable("cgroup v2 is not mounted");
    if (path == "/") path.clear();
    std::string folder = mount + path;
    // After a restart of ours we are in the leaf already.
    constexpr std::string_view kLeaf = "/zserver";
    if (folder.ends_with(kLeaf)) folder.resize(folder.size() - kLeaf.size());
    const auto controllers = read_file(folder + "/cgroup.controllers");
    if (!has_word(controllers, "memory") || !has_word(controllers, "pids")) {
        return unavailable("cgroup " + folder + " has no controllers memory and pids");
    }
    const auto leaf = folder + std::string(kLeaf);
    if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) {
        return unavailable("cgroup " + folder + " is not delegated to us: " + std::strerror(errno));
    }
    std::istringstream processes(read_file(folder + "/cgroup.procs"));
    std::string pid;
    while (processes >> pid)
        write_file(leaf + "/cgroup.procs", pid);
    if (!write_file(folder + "/cgroup.subtree_control", "+memory +pids")) {
        return unavailable("cgroup " + folder
                           + " cannot hand on its controllers: " + std::strerror(errno));
    }
    (void)write_file(folder + "/cgroup.subtree_control", "+cpu");
    return CgroupTree(folder);
}

Result<std::string> CgroupTree::make_blocking(const std::string& name,
                                              const CgroupLimits& limits) const {
    const auto cgroup = folder_ + "/" + name;
    if (::mkdir(cgroup.c_str(), 0755) != 0 && errno != EEXIST) {
        return unavailable(std::string("cannot make the cgroup of an attempt: ")
                           + std::strerror(errno));
    }
    bool done = true;
    if (limits.memory_bytes > 0) {
        done = write_file(cgroup + "/memory.max", std::to_string(limits.memory_bytes)) && done;
        // Without these two the limit still holds, later and less cleanly.
        (void)write_file(cgroup + "/memory.swap.max", "0");
        (void)write_file(cgroup + "/memory.oom.group", "1");
    }
    if (limits.processes > 0) {
        done = write_file(cgroup + "/pids.max", std::to_string(limits.processes)) && done;
    }
    if (!done) {
        const std::string why = std::strerror(errno);
        remove_cgroup(cgroup);
        return unavailable("cannot set the limits of an attempt's cgroup: " + why);
    }
    return cgroup;
}

bool kill_cgroup(const std::string& cgroup) {
    return write_file(cgroup + "/cgroup.kill", "1");
}

bool is_populated(const std::string& cgroup) {
    return value_of(read_file(cgroup + "/cgroup.events"), "populated") != 0;
}

bool had_oom_kill(const std::string& cgroup) {
    return value_of(read_file(cgroup + "/memory.events"), "oom_kill") != 0;
}

void remove_cgroup(const std::string& cgroup) {
    ::rmdir(cgroup.c_str());
}

}  // namespace zs::process
