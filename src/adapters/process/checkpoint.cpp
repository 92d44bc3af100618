#include "adapters/process/checkpoint.hpp"

#include "adapters/process/descriptor.hpp"
#include "adapters/process/limits.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace zs::process {

namespace {

constexpr std::size_t kHeadBytes = 2 * sizeof(std::uint64_t);

}  // namespace

Result<void> write_checkpoint_blocking(const std::string& folder, const Checkpoint& checkpoint) {
    std::string bytes(kHeadBytes, '\0');
    std::memcpy(bytes.data(), &checkpoint.offset, sizeof checkpoint.offset);
    std::memcpy(bytes.data() + sizeof checkpoint.offset, &checkpoint.lines,
                sizeof checkpoint.lines);
    bytes += checkpoint.between;
    const auto draft = folder + "/checkpoint.new";
    Descriptor file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file
        || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return unavailable(std::string("cannot write a checkpoint: ") + std::strerror(errno));
    }
    if (::rename(draft.c_str(), (folder + "/checkpoint").c_str()) != 0) {
        return unavailable(std::string("cannot write a checkpoint: ") + std::strerror(errno));
    }
    return {};
}

std::optional<Checkpoint> read_checkpoint_blocking(const std::string& folder) {
    const Descriptor file(
        ::open((folder + "/checkpoint").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts {};
    if (!file || ::fstat(file.get(), &facts) != 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (size < kHeadBytes || size > limits::kCheckpointBytesMax) return std::nullopt;
    std::string bytes(size, '\0');
    if (::read(file.get(), bytes.data(), size) != facts.st_size) return std::nullopt;
    Checkpoint checkpoint;
    std::memcpy(&checkpoint.offset, bytes.data(), sizeof checkpoint.offset);
    std::memcpy(&checkpoint.lines, bytes.data() + sizeof checkpoint.offset,
                sizeof checkpoint.lines);
    checkpoint.between = bytes.substr(kHeadBytes);
    return checkpoint;
}

}  // namespace zs::process
