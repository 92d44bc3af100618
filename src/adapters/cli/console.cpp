#include "adapters/cli/console.hpp"

#include "adapters/cli/interrupt.hpp"
#include "adapters/cli/text_width.hpp"
#include "base/json_writer.hpp"

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

extern char** environ;

namespace zs::cli {
namespace {

std::map<std::string, std::string> variables() {
    std::map<std::string, std::string> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) {
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return out;
}

std::size_t terminal_width() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

// Switches the echo of a terminal off while it lives.
class NoEcho {
public:
    explicit NoEcho(int terminal) : terminal_(terminal) {
        if (tcgetattr(terminal, &before_) != 0) return;
        auto silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
    }
    ~NoEcho() {
        if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

private:
    int terminal_;
    termios before_{};
    bool changed_ = false;
};

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto count = ::write(file, text.data(), text.size());
        if (count <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

Result<std::string> read_line(int terminal) {
    constexpr std::size_t kLineMax = 4096;
    std::string line;
    for (;;) {
        char c = 0;
        const auto count = ::read(terminal, &c, 1);
        if (count < 0 && errno == EINTR && !interrupted()) continue;
        if (count <= 0)
            return Error{.message = "interrupted", .reason = "interrupted", .details = {}};
        if (c == '\n') return line;
        if (line.size() >= kLineMax) return usage_error("that is too long for a password");
        line += c;
    }
}

}  // namespace

std::string Console::variable(const std::string& name) const {
    const auto found = environment.find(name);
    return found == environment.end() ? "" : found->second;
}

void Console::note(std::string_view text) {
    if (!quiet) err << text << '\n';
}

void Console::warning(std::string_view text) {
    if (!quiet) err << "warning: " << text << '\n';
}

int Console::fail(const Error& error) {
    const auto reason = error.reason_text();
    if (json) {
        boost::json::object body;
        body["error"] = json_text(reason);
        body["message"] = json_text(error.message);
        body["details"] = error.details;
        out << write_json(body) << '\n';
    } else if (reason != kReasonInterrupted) {
        err << "error: " << printable_lines(error.message) << '\n';
        if (const auto* id = error.details.if_contains("request_id");
            id != nullptr && id->is_string()) {
            if (error.code == ErrorCode::Internal) {
                err << "  request " << printable(std::string_view(id->get_string())) << '\n';
            }
        }
    }
    out.flush();
    if (reason == kReasonUsage) return kExitUsage;
    return reason == kReasonInterrupted ? kExitInterrupted : kExitFailure;
}

Console process_console() {
    Console console{.in = std::cin, .out = std::cout, .err = std::cerr, .environment = variables()};
    console.in_is_terminal = isatty(STDIN_FILENO) == 1;
    console.out_is_terminal = isatty(STDOUT_FILENO) == 1;
    console.no_color = !console.variable("NO_COLOR").empty() || console.variable("TERM") == "dumb";
    if (console.out_is_terminal) console.width = terminal_width();
    return console;
}

Error usage_error(std::string message) {
    return invalid_argument(std::move(message), std::string(kReasonUsage));
}

Result<Secret> ask_password(std::string_view prompt) {
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) return usage_error("there is no terminal to ask for a password on");
    const InterruptScope interruptible;
    write_all(terminal, prompt);
    Result<std::string> line = std::string();
    {
        const NoEcho silent(terminal);
        line = read_line(terminal);
    }
    write_all(terminal, "\n");
    ::close(terminal);
    if (!line) return std::move(line).error();
    return Secret(std::move(*line));
}

Result<Secret> obtain_password(Console& console, const std::string& variable,
                               std::string_view prompt) {
    if (auto given = console.variable(variable); !given.empty()) return Secret(std::move(given));
    if (console.in_is_terminal) return ask_password(prompt);
    std::string line;
    if (!std::getline(console.in, line) || line.empty()) {
        return usage_error("no password: set " + variable + ", or pipe it in");
    }
    if (line.ends_with('\r')) line.pop_back();
    return Secret(std::move(line));
}

}  // namespace zs::cli
