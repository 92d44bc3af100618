#include "adapters/cli/progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace zs::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr int kBarCells = 24;

std::string time_in_words(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::min(seconds, 359'999.0));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string bytes_in_words(double bytes) {
    constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < units.size()) {
        bytes /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes)
                     : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string progress_line(const std::string& what, std::uint64_t done,
                          std::optional<std::uint64_t> total, double bytes_per_second) {
    const auto so_far = static_cast<double>(done);
    const std::string rate = bytes_in_words(bytes_per_second) + "/s";
    if (!total || *total == 0) return fmt::format("{}  {}  {}", what, bytes_in_words(so_far), rate);
    const double share = std::min(1.0, so_far / static_cast<double>(*total));
    const auto cells = static_cast<std::size_t>(share * kBarCells);
    const std::string bar = std::string(cells, '#') + std::string(kBarCells - cells, '.');
    const double left = static_cast<double>(*total) - so_far;
    const std::string eta =
        bytes_per_second > 0 ? time_in_words(std::max(0.0, left) / bytes_per_second) : "-:--";
    return fmt::format("{}  [{}] {:3.0f} %  {}  {}  ETA {}", what, bar, share * 100,
                       bytes_in_words(so_far), rate, eta);
}

ProgressBar::ProgressBar(std::ostream& out, std::string what, std::optional<std::uint64_t> total,
                         Shown shown)
    : out_(out), what_(std::move(what)), total_(total), shown_(shown) {}

ProgressBar::~ProgressBar() {
    if (shown_ == Shown::Hidden) return;
    draw();
    out_ << '\n' << std::flush;
}

void ProgressBar::update(std::uint64_t done) {
    done_ = done;
    const auto now = std::chrono::steady_clock::now();
    if (shown_ == Shown::Hidden || now - drawn_ < kRedraw) return;
    drawn_ = now;
    draw();
}

void ProgressBar::draw() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
    const double rate =
        took.count() > 0 ? static_cast<double>(done_ - begun_at_) / took.count() : 0.0;
    out_ << "\r\x1b[K" << progress_line(what_, done_, total_, rate) << std::flush;
}

}  // namespace zs::cli
