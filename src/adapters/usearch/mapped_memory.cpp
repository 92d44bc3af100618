#include "adapters/usearch/mapped_memory.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstdint>
#include <sys/mman.h>

namespace zs::usearch {
namespace {

constexpr std::size_t kSmallStep = std::size_t{64} << 10;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes, std::size_t step) {
    return (bytes + step - 1) / step * step;
}

Error no_memory() {
    return exhausted("there is no memory for more vectors", "too_many_vectors");
}

}  // namespace

Result<std::unique_ptr<MappedMemory>> MappedMemory::reserve(std::size_t bytes_max) {
    const std::size_t reserved = round_up(bytes_max, kHugePage);
    // One page more than asked for, so that the part in use can begin at a huge page's border.
    void* const at = ::mmap(nullptr, reserved + kHugePage, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return no_memory();
    auto* const begin = static_cast<std::byte*>(at);
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t before = round_up(address, kHugePage) - address;
    if (before != 0) ::munmap(begin, before);
    const std::size_t behind = kHugePage - before;
    if (behind != 0) ::munmap(begin + before + reserved, behind);
    return std::unique_ptr<MappedMemory>(new MappedMemory(begin + before, reserved));
}

MappedMemory::~MappedMemory() {
    ::munmap(data_, reserved_);
}

Result<void> MappedMemory::grow_to(std::size_t bytes) {
    if (bytes <= used_) return {};
    // Small columns take small steps; large ones whole huge pages, a sixteenth more at a time.
    const bool large = bytes >= kHugePage;
    const std::size_t step = large ? kHugePage : kSmallStep;
    const std::size_t wanted = round_up(large ? bytes + bytes / 16 : bytes, step);
    const std::size_t target = std::min(wanted, reserved_);
    if (bytes > target) return no_memory();
    if (::mprotect(data_ + used_, target - used_, PROT_READ | PROT_WRITE) != 0) return no_memory();
    if (large) ::madvise(data_, target, MADV_HUGEPAGE);  // only a wish
    used_ = target;
    return {};
}

Result<void> MappedMemory::map_file(std::size_t at, int fd, std::size_t offset, std::size_t bytes) {
    ZS_ASSERT(at + bytes <= used_);
    void* const mapped = ::mmap(data_ + at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                                fd, static_cast<off_t>(offset));
    if (mapped == MAP_FAILED) return no_memory();
    return {};
}

}  // namespace zs::usearch
