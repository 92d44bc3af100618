#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <memory>

namespace zs::usearch {

// Memory that grows at its end and never moves: address space is reserved once and filled with
// pages as they are needed, huge ones where the system has them, since graphs jump about.
// Lifetime: what it holds stays where it is until it is destroyed. Threading: one at a time.
class MappedMemory {
public:
    // Reserves `bytes_max` of address space, which costs no memory. Errors: Exhausted.
    static Result<std::unique_ptr<MappedMemory>> reserve(std::size_t bytes_max);
    ~MappedMemory();
    MappedMemory(const MappedMemory&) = delete;
    MappedMemory& operator=(const MappedMemory&) = delete;

    // At least `bytes` can be used afterwards; new ones are zero. Errors: Exhausted
    // "too_many_vectors" beyond what was reserved or what the machine has.
    Result<void> grow_to(std::size_t bytes);
    // Puts a part of a file where memory in use is, as a copy of its own: pages are read when they
    // are touched, and given up when memory is short. `at` and `offset` are multiples of a page.
    // Errors: Exhausted.
    Result<void> map_file(std::size_t at, int fd, std::size_t offset, std::size_t bytes);
    std::byte* data() const { return data_; }
    std::size_t bytes() const { return used_; }

private:
    MappedMemory(std::byte* data, std::size_t reserved) : data_(data), reserved_(reserved) {}

    std::byte* data_;
    std::size_t reserved_;
    std::size_t used_ = 0;
};

}  // namespace zs::usearch
