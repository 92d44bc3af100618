#include "support/scratch_dir.hpp"

#include "support/failure.hpp"
#include "support/statistics.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace zs::bench {

namespace {

constexpr int kSyncSamples = 100;

}  // namespace

ScratchDir::ScratchDir(const std::string& purpose) {
    const char* base = std::getenv("ZS_BENCH_DIR");
    std::string pattern = std::string(base != nullptr ? base : "/var/tmp") + "/zserver-" + purpose;
    pattern += "-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw Failure("cannot make a directory " + pattern + ": " + std::strerror(errno));
    }
    path_ = pattern;
}

ScratchDir::~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

double sync_cost_us(const std::filesystem::path& directory) {
    const auto file = (directory / "sync_cost").string();
    const int fd = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) throw Failure("cannot write " + file + ": " + std::strerror(errno));
    const std::string block(4096, 'z');
    std::vector<double> samples;
    for (int i = 0; i < kSyncSamples; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const bool written = ::write(fd, block.data(), block.size()) == ssize_t(block.size())
                             && ::fdatasync(fd) == 0;
        if (!written) break;
        const auto took = std::chrono::steady_clock::now() - start;
        samples.push_back(std::chrono::duration<double, std::micro>(took).count());
    }
    ::close(fd);
    std::filesystem::remove(file);
    if (samples.empty()) throw Failure("cannot write and sync " + file);
    return median(samples);
}

}  // namespace zs::bench
