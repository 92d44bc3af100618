#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

namespace zs::cli {

// What commands answer to the shell. Source: workflows.md section 4.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

inline constexpr std::string_view kReasonUsage = "usage";
inline constexpr std::string_view kReasonInterrupted = "interrupted";

// Where a command reads and writes, and how its output should look. Results go to `out`; everything
// else (prompts, warnings, errors for people) to `err`.
// Lifetime: the streams outlive it. Threading: one thread.
struct Console {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    std::map<std::string, std::string> environment = {};
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    std::size_t width = 80;  // of the terminal behind `out`
    bool json = false;       // --json: `out` gets exactly one JSON value, also for an error
    bool quiet = false;
    bool no_color = false;

    bool color() const { return out_is_terminal && !no_color && !json; }
    // Empty when it is not set.
    std::string variable(const std::string& name) const;

    void note(std::string_view text);     // not with --quiet
    void warning(std::string_view text);  // not with --quiet
    // Shows `error` as --json wants it, or in words. Answers the exit code that belongs to it.
    int fail(const Error& error);
};

// The console of this process: standard streams, environment, NO_COLOR, width of the terminal.
Console process_console();

Error usage_error(std::string message);

// Asks on the terminal without echo. Errors: "usage" when there is no terminal; "interrupted".
Result<Secret> ask_password(std::string_view prompt);

// The password from the variable, else the first line of a piped standard input, else asked for.
Result<Secret> obtain_password(Console& console, const std::string& variable,
                               std::string_view prompt);

}  // namespace zs::cli
