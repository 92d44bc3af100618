#include "adapters/usearch/graph_snapshot.hpp"

#include "adapters/usearch/stored_file.hpp"

#include <cstring>
#include <unistd.h>

namespace zs::usearch {
namespace {

constexpr std::string_view kMagic = "zserver hnsw 1\n";
constexpr std::size_t kNodesMax = 0xFFFF'FFF0;

Error damaged() {
    return data_loss("the stored graph is damaged");
}

std::string pack(const GraphSnapshot& snapshot) {
    Packer out;
    out.put_bytes(kMagic);
    out.put(static_cast<std::uint32_t>(snapshot.parameters.metric));
    out.put(static_cast<std::uint32_t>(snapshot.parameters.storage));
    out.put(snapshot.parameters.m);
    out.put(snapshot.parameters.ef_construction);
    out.put(static_cast<std::uint64_t>(snapshot.dimensions));
    out.put(snapshot.magnitude_max);
    out.put(static_cast<std::uint64_t>(snapshot.nodes.size()));
    out.put(static_cast<std::uint64_t>(snapshot.dead_values.size()));
    for (const StoredNode& node : snapshot.nodes) {
        out.put(node.row_id);
        out.put(node.fingerprint);
        out.put(static_cast<std::uint8_t>(node.is_dead));
    }
    for (const float value : snapshot.dead_values)
        out.put(value);
    out.put_bytes(snapshot.links);
    return std::move(out.bytes());
}

Result<std::optional<GraphSnapshot>> unpack(std::string_view bytes) {
    Unpacker in(bytes.substr(kMagic.size()));
    GraphSnapshot out;
    out.parameters.metric = static_cast<vector::Metric>(in.take<std::uint32_t>());
    out.parameters.storage = static_cast<vector::Scalar>(in.take<std::uint32_t>());
    out.parameters.m = in.take<std::uint32_t>();
    out.parameters.ef_construction = in.take<std::uint32_t>();
    out.dimensions = in.take<std::uint64_t>();
    out.magnitude_max = in.take<float>();
    const auto nodes = in.take<std::uint64_t>();
    const auto values = in.take<std::uint64_t>();
    if (in.failed() || nodes > kNodesMax || values > in.rest().size()) return damaged();
    std::size_t dead = 0;
    for (std::uint64_t i = 0; i < nodes && !in.failed(); ++i) {
        StoredNode node;
        node.row_id = in.take<std::int64_t>();
        node.fingerprint = in.take<std::uint64_t>();
        node.is_dead = in.take<std::uint8_t>() != 0;
        dead += node.is_dead ? 1 : 0;
        out.nodes.push_back(node);
    }
    for (std::uint64_t i = 0; i < values && !in.failed(); ++i)
        out.dead_values.push_back(in.take<float>());
    if (in.failed() || out.dead_values.size() != dead * out.dimensions) return damaged();
    out.links = in.rest();
    return std::optional<GraphSnapshot>(std::move(out));
}

}  // namespace

std::uint64_t fingerprint_of(std::span<const float> values) {
    constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;
    std::uint64_t hash = values.size() * kOdd;
    for (const float value : values) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof(bits));
        hash = (hash ^ bits) * kOdd;
        hash ^= hash >> 29U;
    }
    return hash;
}

Result<void> write_snapshot_blocking(const std::string& path, const GraphSnapshot& snapshot) {
    return write_checked_blocking(path, pack(snapshot));
}

Result<std::optional<GraphSnapshot>> read_snapshot_blocking(const std::string& path) {
    const auto bytes = read_checked_blocking(path, kMagic);
    if (!bytes) return bytes.error();
    if (!*bytes) return std::optional<GraphSnapshot>();
    return unpack(**bytes);
}

void remove_snapshot_blocking(const std::string& path) {
    ::unlink(path.c_str());
}

}  // namespace zs::usearch
