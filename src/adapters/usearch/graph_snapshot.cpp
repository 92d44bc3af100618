#include "adapters/usearch/graph_snapshot.hpp"

#include "base/hash.hpp"

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::usearch {
namespace {

constexpr std::string_view kMagic = "zserver hnsw 1\n";
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kNodesMax = 0xFFFF'FFF0;

Error damaged() {
    return data_loss("the stored graph is damaged");
}

// The file in one piece: fixed-size numbers as this machine has them, then the three lists.
class Packer {
public:
    template <class T>
    void put(T value) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void put_bytes(std::string_view bytes) { bytes_ += bytes; }
    std::string& bytes() { return bytes_; }

private:
    std::string bytes_;
};

class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
    template <class T>
    T take() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        if (rest_.size() < sizeof(value)) {
            failed_ = true;
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof(value));
        rest_.remove_prefix(sizeof(value));
        return value;
    }
    std::string_view rest() const { return rest_; }
    bool failed() const { return failed_; }

private:
    std::string_view rest_;
    bool failed_ = false;
};

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

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
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
    std::error_code error;
    const auto folder = std::filesystem::path(path).parent_path();
    std::filesystem::create_directories(folder, error);
    ::chmod(folder.c_str(), 0700);
    std::string bytes = pack(snapshot);
    bytes += sha256(bytes);
    const std::string draft = path + ".new";
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return unavailable("the graph cannot be stored");
    const bool stored = write_all(fd, bytes) && ::fsync(fd) == 0;
    ::close(fd);
    if (stored && ::rename(draft.c_str(), path.c_str()) == 0) return {};
    ::unlink(draft.c_str());
    return unavailable("the graph cannot be stored");
}

Result<std::optional<GraphSnapshot>> read_snapshot_blocking(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::optional<GraphSnapshot>();
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.size() < kMagic.size() + kChecksumBytes || !bytes.starts_with(kMagic)) {
        return damaged();
    }
    const auto body = std::string_view(bytes).substr(0, bytes.size() - kChecksumBytes);
    if (sha256(body) != std::string_view(bytes).substr(body.size())) return damaged();
    return unpack(body);
}

void remove_snapshot_blocking(const std::string& path) {
    ::unlink(path.c_str());
}

}  // namespace zs::usearch
