#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace zs::cli {

// One line about a transfer: how much, how fast, how long still. Drawn over itself on a terminal.
class ProgressBar {
public:
    // `total` in bytes, when it is known. Hidden: nothing is drawn.
    enum class Shown { Yes, Hidden };
    ProgressBar(std::ostream& out, std::string what, std::optional<std::uint64_t> total,
                Shown shown);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // `done` bytes of it; `begun_at` of them were there before this run.
    void set_begun_at(std::uint64_t done) { begun_at_ = done_ = done; }
    void update(std::uint64_t done);
    void set_total(std::optional<std::uint64_t> total) { total_ = total; }

private:
    void draw();

    std::ostream& out_;
    std::string what_;
    std::optional<std::uint64_t> total_;
    Shown shown_;
    std::uint64_t begun_at_ = 0;
    std::uint64_t done_ = 0;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point drawn_{};
};

// "12.3 MB"
std::string bytes_in_words(double bytes);
// The line itself, without control characters.
std::string progress_line(const std::string& what, std::uint64_t done,
                          std::optional<std::uint64_t> total, double bytes_per_second);

}  // namespace zs::cli
