#include "support/process.hpp"

#include "support/failure.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace zs::bench {

namespace {

using Clock = std::chrono::steady_clock;

// The process groups that run, for the signal handler. Lock-free, so it may read them.
std::array<std::atomic<pid_t>, 64> running{};

void remember(pid_t pid) {
    for (auto& slot : running) {
        pid_t empty = 0;
        if (slot.compare_exchange_strong(empty, pid)) return;
    }
}

void forget(pid_t pid) {
    for (auto& slot : running) {
        pid_t expected = pid;
        if (slot.compare_exchange_strong(expected, 0)) return;
    }
}

void end_now(int signal) {
    for (auto& slot : running) {
        const pid_t pid = slot.load();
        if (pid > 0) ::kill(-pid, SIGKILL);
    }
    ::_exit(128 + signal);
}

struct Account {
    uid_t user = 0;
    gid_t group = 0;
};

std::optional<Account> account_of(const std::optional<std::string>& name) {
    if (!name || ::geteuid() != 0) return std::nullopt;
    const passwd* found = ::getpwnam(name->c_str());
    if (found == nullptr) throw Failure("there is no account " + *name);
    return Account{found->pw_uid, found->pw_gid};
}

// Everything after fork(): only calls that are safe there.
[[noreturn]] void become(char* const* arguments, char* const* environment, int out, int log,
                         const std::optional<Account>& account) {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    if (account) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(account->group) != 0
            || ::setuid(account->user) != 0) {
            ::_exit(126);
        }
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::execvpe(arguments[0], arguments, environment);
    ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts)
        result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry)
        result.emplace_back(*entry);
    for (const auto& [name, value] : added) {
        const std::string prefix = name + "=";
        std::erase_if(result, [&](const std::string& e) { return e.starts_with(prefix); });
        result.push_back(prefix + value);
    }
    return result;
}

std::string last_lines(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    const std::string all = text.str();
    return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

}  // namespace

Process::Process(const Command& command) {
    auto arguments = command.arguments;
    auto environment = environment_with(command.environment);
    const auto argv = pointers(arguments);
    const auto envp = pointers(environment);
    const auto account = account_of(command.user);
    const std::string log_path = command.log.empty() ? "/dev/null" : command.log.string();
    const int log = ::open(log_path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    int pipe_ends[2];
    if (log < 0 || ::pipe2(pipe_ends, O_CLOEXEC) != 0) {
        throw Failure("cannot open " + log_path + ": " + std::strerror(errno));
    }
    pid_ = ::fork();
    if (pid_ == 0) become(argv.data(), envp.data(), pipe_ends[1], log, account);
    // Here as well as in the child: whoever is first.
    if (pid_ > 0) ::setpgid(pid_, pid_);
    if (pid_ > 0) remember(pid_);
    ::close(pipe_ends[1]);
    ::close(log);
    out_ = pipe_ends[0];
    if (pid_ < 0) throw Failure(std::string("cannot fork: ") + std::strerror(errno));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      exit_code_(other.exit_code_) {}

Process::~Process() {
    if (pid_ > 0) {
        // The group first, while its leader's number cannot belong to anybody else.
        if (!exit_code_) ::kill(-pid_, SIGKILL);
        stop(SIGKILL);
        forget(pid_);
    }
    if (out_ >= 0) ::close(out_);
}

void end_children_with_us() {
    struct sigaction action {};
    action.sa_handler = end_now;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool Process::is_running() {
    return !reap(false);
}

std::optional<int> Process::reap(bool wait) {
    if (exit_code_) return exit_code_;
    int status = 0;
    if (::waitpid(pid_, &status, wait ? 0 : WNOHANG) != pid_) return std::nullopt;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return exit_code_;
}

std::string Process::wait_for_line(std::string_view prefix, std::chrono::seconds patience) {
    const auto end = Clock::now() + patience;
    std::string text;
    while (Clock::now() < end) {
        pollfd entry{out_, POLLIN, 0};
        if (::poll(&entry, 1, 100) <= 0) continue;
        char buffer[4096];
        const ssize_t got = ::read(out_, buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
        std::size_t from = 0;
        for (auto line_end = text.find('\n'); line_end != std::string::npos;
             line_end = text.find('\n', from)) {
            const std::string_view line(text.data() + from, line_end - from);
            if (line.starts_with(prefix)) return std::string(line.substr(prefix.size()));
            from = line_end + 1;
        }
        text.erase(0, from);
    }
    throw Failure("the child never printed '" + std::string(prefix) + "'");
}

int Process::stop(int signal, std::chrono::seconds patience) {
    if (const auto code = reap(false)) return *code;
    ::kill(pid_, signal);
    const auto end = Clock::now() + patience;
    while (signal != SIGKILL && Clock::now() < end) {
        if (const auto code = reap(false)) return *code;
        ::usleep(1000);
    }
    ::kill(pid_, SIGKILL);
    return reap(true).value_or(-1);
}

void run_to_end(const Command& command) {
    Process process(command);
    while (process.is_running())
        ::usleep(1000);
    const int code = process.stop(SIGTERM);
    if (code != 0) {
        throw Failure(command.arguments[0] + " ended with " + std::to_string(code) + "\n"
                      + last_lines(command.log));
    }
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool known = ::bind(fd, generic, length) == 0 && ::getsockname(fd, generic, &length) == 0;
    ::close(fd);
    if (!known) throw Failure(std::string("no free port: ") + std::strerror(errno));
    return ntohs(address.sin_port);
}

namespace {

struct ProcessTimes {
    pid_t pid = 0;
    pid_t parent = 0;
    double seconds = 0;
};

// Source: proc(5), /proc/PID/stat. The name in brackets may hold blanks.
std::optional<ProcessTimes> times_of(const std::string& pid) {
    std::ifstream in("/proc/" + pid + "/stat");
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    ProcessTimes times;
    times.pid = std::stoi(pid);
    fields >> skipped >> times.parent;
    for (int i = 0; i < 9; ++i)
        fields >> skipped;  // up to cmajflt
    const double ticks_per_second = double(::sysconf(_SC_CLK_TCK));
    for (int i = 0; i < 4; ++i) {  // utime stime cutime cstime
        double ticks = 0;
        fields >> ticks;
        times.seconds += ticks / ticks_per_second;
    }
    return times;
}

}  // namespace

double cpu_seconds_of_tree(pid_t root) {
    std::vector<ProcessTimes> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (const auto times = times_of(name)) all.push_back(*times);
    }
    double sum = 0;
    std::vector<pid_t> tree{root};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        for (const auto& process : all) {
            if (process.pid == tree[i]) sum += process.seconds;
            if (process.parent == tree[i]) tree.push_back(process.pid);
        }
    }
    return sum;
}

Memory memory_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    Memory memory;
    std::string line;
    while (std::getline(in, line)) {
        if (line.starts_with("VmRSS:")) memory.resident_mib = std::stod(line.substr(6)) / 1024;
        if (line.starts_with("RssAnon:")) memory.anonymous_mib = std::stod(line.substr(8)) / 1024;
    }
    return memory;
}

}  // namespace zs::bench
