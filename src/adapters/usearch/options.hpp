#pragma once

#include <cstddef>
#include <string>

namespace zs::usearch {

struct VectorOptions {
    std::string folder;  // <data>/vectors: snapshots of graphs, which can be lost
    std::size_t search_threads = 2;
    std::size_t build_threads = 2;  // one builds while the other keeps up with commits
    std::size_t queue_max = 1024;
};

}  // namespace zs::usearch
