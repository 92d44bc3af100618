#include "adapters/process/process_mark.hpp"

#include "adapters/process/descriptor.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <string_view>
#include <sys/stat.h>

namespace zs::process {

namespace {

std::string read_small_file(const char* path) {
    const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
    if (!file) return {};
    std::string text;
    char piece[4096];
    while (true) {
        const ssize_t got = ::read(file.get(), piece, sizeof piece);
        if (got <= 0) return text;
        text.append(piece, static_cast<std::size_t>(got));
    }
}

std::string stat_of(pid_t pid) {
    return read_small_file(("/proc/" + std::to_string(pid) + "/stat").c_str());
}

// Field `number` (counted as in proc(5), above 2) of a stat line. The name in field 2 may hold
// anything, so what follows its last parenthesis is counted.
std::string_view field_of(std::string_view stat, int number) {
    const auto name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return {};
    std::string_view rest = stat.substr(name_end + 1);
    for (int field = 3; !rest.empty(); ++field) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        const auto end = std::min(rest.find(' '), rest.size());
        if (field == number) return rest.substr(0, end);
        rest.remove_prefix(end);
    }
    return {};
}

template <class Number>
Number number_of(std::string_view text) {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

template <class Visit>
void each_process(const Visit& visit) {
    DIR* proc = ::opendir("/proc");
    if (proc == nullptr) return;
    while (const dirent* entry = ::readdir(proc)) {
        const auto pid = number_of<pid_t>(entry->d_name);
        if (pid > 0) visit(pid);
    }
    ::closedir(proc);
}

// Kernels without CONFIG_PROC_CHILDREN: by the parents that all processes name.
std::vector<pid_t> descendants_by_parent(pid_t root) {
    std::multimap<pid_t, pid_t> children;
    each_process(
        [&](pid_t pid) { children.emplace(number_of<pid_t>(field_of(stat_of(pid), 4)), pid); });
    std::vector<pid_t> found{root};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto [first, last] = children.equal_range(found[i]);
        for (auto child = first; child != last; ++child)
            found.push_back(child->second);
    }
    found.erase(found.begin());
    return found;
}

std::string children_file(pid_t pid) {
    const auto number = std::to_string(pid);
    return "/proc/" + number + "/task/" + number + "/children";
}

// Children belong to the thread that made them.
std::string children_of(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/task";
    DIR* tasks = ::opendir(folder.c_str());
    if (tasks == nullptr) return {};
    std::string all;
    while (const dirent* entry = ::readdir(tasks)) {
        if (entry->d_name[0] == '.') continue;
        all += read_small_file((folder + "/" + entry->d_name + "/children").c_str());
        all += ' ';
    }
    ::closedir(tasks);
    return all;
}

}  // namespace

std::string boot_id() {
    auto text = read_small_file("/proc/sys/kernel/random/boot_id");
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

std::uint64_t start_time(pid_t pid) {
    const auto stat = stat_of(pid);
    // A zombie is dead for everybody but its parent.
    const auto state = field_of(stat, 3);
    if (state.empty() || state == "Z" || state == "X") return 0;
    return number_of<std::uint64_t>(field_of(stat, 22));
}

bool is_alive(const ProcessMark& mark) {
    return mark.pid > 0 && mark.start != 0 && start_time(mark.pid) == mark.start;
}

std::vector<pid_t> descendants_of(pid_t root) {
    static const bool has_children_file = ::access(children_file(::getpid()).c_str(), R_OK) == 0;
    if (!has_children_file) return descendants_by_parent(root);
    std::vector<pid_t> found{root};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto text = children_of(found[i]);
        const char* at = text.data();
        const char* end = at + text.size();
        while (at < end) {
            pid_t pid = 0;
            const auto parsed = std::from_chars(at, end, pid);
            if (parsed.ec == std::errc() && pid > 0) found.push_back(pid);
            at = parsed.ptr + 1;
        }
    }
    found.erase(found.begin());
    return found;
}

std::size_t kill_descendants(pid_t root) {
    const auto all = descendants_of(root);
    for (const pid_t pid : all)
        ::kill(pid, SIGKILL);
    return all.size();
}

std::uint64_t tasks_of_user(uid_t uid) {
    std::uint64_t tasks = 0;
    each_process([&](pid_t pid) {
        const std::string folder = "/proc/" + std::to_string(pid);
        struct stat facts {};
        if (::stat(folder.c_str(), &facts) != 0 || facts.st_uid != uid) return;
        if (::stat((folder + "/task").c_str(), &facts) != 0) return;
        tasks += facts.st_nlink > 2 ? facts.st_nlink - 2 : 1;
    });
    return tasks;
}

}  // namespace zs::process
