#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zs::bench {

// What the peers' graphs are made of, the same for all.
struct HnswSettings {
    std::size_t dimensions = 0;
    std::size_t count = 0;
    std::size_t m = 16;
    std::size_t ef_construction = 200;
};

// A graph of another library over the same vectors, for Euclidean distance.
class HnswPeer {
public:
    virtual ~HnswPeer() = default;
    virtual void add(const float* vector, std::uint64_t id) = 0;
    virtual void set_ef(std::size_t ef) = 0;
    // The ids of the k nearest, in no order.
    virtual void search(const float* query, std::size_t k, std::vector<std::uint64_t>& out) = 0;
};

// Those that were there when the program was built: what makes each of them, by name, the slowest
// to build first. They use what this processor has.
struct HnswPeerMaker {
    std::string name;
    std::function<std::unique_ptr<HnswPeer>(const HnswSettings&)> make;
};
std::vector<HnswPeerMaker> hnsw_peers();

}  // namespace zs::bench
