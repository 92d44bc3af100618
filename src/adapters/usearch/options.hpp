#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace zs::usearch {

struct VectorOptions {
    std::string folder;  // <data>/vectors: vectors and graphs, which can be lost
    std::size_t search_threads = 2;
    std::size_t build_threads = 2;  // one builds while the other keeps up with commits
    std::size_t queue_max = 1024;
    // For vectors and graphs; what was unused the longest leaves first. 0: half of the machine's.
    std::size_t memory_bytes_max = 0;
    std::chrono::seconds idle_max = std::chrono::minutes(60);  // then a column leaves the memory
};

}  // namespace zs::usearch
