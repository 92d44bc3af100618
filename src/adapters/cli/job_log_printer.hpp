#pragma once

#include "adapters/cli/console.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zs::cli {

// Prints what a job prints: stdout to standard output, everything else to standard error.
// Lifetime: the console outlives it. Threading: one thread.
class JobLogPrinter {
public:
    struct End {
        std::string state;
        std::string message;
    };
    explicit JobLogPrinter(Console& console) : console_(console) {}

    // Pieces of the lines that `follow=true` answers. False: nobody reads what is printed.
    bool take(std::string_view piece);
    void print(const boost::json::value& entry);
    // The stream was cut: what came of an unfinished record goes, its entry comes again.
    void cut() { rest_.clear(); }
    // Whether anything ever came, if only a sign of life.
    bool has_heard() const { return has_heard_; }
    // Where to go on: behind the last entry that was printed; nullopt before the first.
    std::optional<std::uint64_t> next_seq() const { return next_seq_; }
    // How the job ended, once the stream has said it.
    const std::optional<End>& end() const { return end_; }

private:
    bool take_line(std::string_view line);

    Console& console_;
    std::string rest_;
    std::optional<std::uint64_t> next_seq_;
    bool has_heard_ = false;
    std::optional<End> end_;
};

}  // namespace zs::cli
