#pragma once

#include <filesystem>
#include <string>

namespace zs::bench {

// A directory that vanishes with its owner. It lies below ZS_BENCH_DIR, else /var/tmp: a disk, not
// the memory that /tmp is on many machines.
class ScratchDir {
public:
    explicit ScratchDir(const std::string& purpose);
    ~ScratchDir();
    ScratchDir(const ScratchDir&) = delete;
    ScratchDir& operator=(const ScratchDir&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// How long one 4 KiB append with fdatasync takes here: the price that every durable commit pays.
// Units: microseconds, median of 100.
double sync_cost_us(const std::filesystem::path& directory);

}  // namespace zs::bench
