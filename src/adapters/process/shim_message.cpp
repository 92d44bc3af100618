#include "adapters/process/shim_message.hpp"

#include "adapters/process/limits.hpp"

#include <cstring>

namespace zs::process {

namespace {

// Both ends are the same binary on the same machine.
class Writer {
public:
    void number(std::uint64_t value) {
        out.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view value) {
        number(value.size());
        out.append(value);
    }
    void texts(const std::vector<std::string>& values) {
        number(values.size());
        for (const auto& value : values)
            text(value);
    }
    std::string out;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    std::uint64_t number() {
        std::uint64_t value = 0;
        if (rest_.size() < sizeof value) {
            broken_ = true;
            return 0;
        }
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    std::string text() {
        const auto size = number();
        if (size > rest_.size()) {
            broken_ = true;
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    // How many elements follow: each has 8 bytes at least.
    std::size_t count() {
        const auto count = number();
        if (count > rest_.size() / sizeof(std::uint64_t)) {
            broken_ = true;
            return 0;
        }
        return count;
    }
    std::vector<std::string> texts() {
        std::vector<std::string> values(count());
        for (auto& value : values)
            value = text();
        return values;
    }
    bool is_whole() const { return !broken_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool broken_ = false;
};

}  // namespace

std::string encode(const ShimStart& start) {
    Writer writer;
    writer.text(start.state_folder);
    writer.text(start.work_folder);
    writer.text(start.input_file);
    writer.text(start.program);
    writer.texts(start.arguments);
    writer.texts(start.environment);
    writer.texts(start.notes);
    writer.number(start.limits.size());
    for (const auto& limit : start.limits) {
        writer.number(static_cast<std::uint64_t>(limit.resource));
        writer.number(limit.soft);
        writer.number(limit.hard);
    }
    writer.text(start.cgroup);
    writer.number(static_cast<std::uint64_t>(start.timeout_ms));
    writer.number(static_cast<std::uint64_t>(start.grace_ms));
    writer.number(start.change_user ? 1 : 0);
    writer.number(start.uid);
    writer.number(start.gid);
    writer.number(start.groups.size());
    for (const gid_t group : start.groups)
        writer.number(group);
    return std::move(writer.out);
}

Result<ShimStart> decode_start(std::string_view bytes) {
    Reader reader(bytes);
    ShimStart start;
    start.state_folder = reader.text();
    start.work_folder = reader.text();
    start.input_file = reader.text();
    start.program = reader.text();
    start.arguments = reader.texts();
    start.environment = reader.texts();
    start.notes = reader.texts();
    start.limits.resize(reader.count());
    for (auto& limit : start.limits) {
        limit.resource = static_cast<int>(reader.number());
        limit.soft = reader.number();
        limit.hard = reader.number();
    }
    start.cgroup = reader.text();
    start.timeout_ms = static_cast<std::int64_t>(reader.number());
    start.grace_ms = static_cast<std::int64_t>(reader.number());
    start.change_user = reader.number() != 0;
    start.uid = static_cast<uid_t>(reader.number());
    start.gid = static_cast<gid_t>(reader.number());
    start.groups.resize(reader.count());
    for (auto& group : start.groups)
        group = static_cast<gid_t>(reader.number());
    if (!reader.is_whole()) return data_loss("a start message of a shim is damaged");
    return start;
}

std::string make_frame(FrameKind kind, std::string_view bytes) {
    FrameHead head;
    head.bytes = static_cast<std::uint32_t>(bytes.size());
    head.kind = kind;
    std::string frame(reinterpret_cast<const char*>(&head), sizeof head);
    frame.append(bytes);
    return frame;
}

Result<bool> take_frame(std::string_view& bytes, Frame& frame) {
    FrameHead head;
    if (bytes.size() < sizeof head) return false;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.bytes > limits::kFrameBytesMax) return data_loss("a frame to a shim is too large");
    if (bytes.size() - sizeof head < head.bytes) return false;
    frame.kind = head.kind;
    frame.bytes = bytes.substr(sizeof head, head.bytes);
    bytes.remove_prefix(sizeof head + head.bytes);
    return true;
}

}  // namespace zs::process
