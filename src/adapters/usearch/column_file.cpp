#include "adapters/usearch/column_file.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::usearch {
namespace {

constexpr std::string_view kMagic = "zserver vectors 1\n";
constexpr std::size_t kDimensionsMax = 1 << 20;
constexpr std::size_t kNameBytes = 8;

Error damaged() {
    return data_loss("the stored vectors are damaged");
}

Error not_stored() {
    return unavailable("vectors cannot be stored");
}

std::string path_beside(const std::string& path, const std::string& name) {
    return (std::filesystem::path(path).parent_path() / name).string();
}

bool is_whole(const ColumnImage& image) {
    const std::size_t slots = image.row_ids.size();
    if (image.dimensions == 0 || image.dimensions > kDimensionsMax) return false;
    const std::size_t bytes = slots * image.dimensions * sizeof(float);
    return image.norms.size() == slots && image.alive.size() == (slots + 63) / 64
           && image.blocks.size() == (bytes + kBlockBytes - 1) / kBlockBytes
           && image.blocks_name.find('/') == std::string::npos;
}

}  // namespace

Result<void> write_image_blocking(const std::string& path, const ColumnImage& image) {
    Packer out;
    out.put_bytes(kMagic);
    out.put_text(image.column.tenant.org_id);
    out.put_text(image.column.tenant.env_slug);
    out.put_text(image.column.table);
    out.put_text(image.column.column);
    out.put(static_cast<std::uint64_t>(image.dimensions));
    out.put(static_cast<std::uint8_t>(image.position.has_value()));
    const data::ChangeMark position = image.position.value_or(data::ChangeMark());
    out.put(position.number);
    out.put(position.token);
    out.put_text(image.blocks_name);
    out.put_all(std::span(image.blocks));
    out.put_all(std::span(image.row_ids));
    out.put_all(std::span(image.norms));
    out.put_all(std::span(image.alive));
    out.put_all(std::span(image.bad_rows));
    return write_checked_blocking(path, std::move(out.bytes()));
}

Result<std::optional<ColumnImage>> read_image_blocking(const std::string& path) {
    const auto bytes = read_checked_blocking(path, kMagic);
    if (!bytes) return bytes.error();
    if (!*bytes) return std::optional<ColumnImage>();
    Unpacker in(std::string_view(**bytes).substr(kMagic.size()));
    ColumnImage out;
    out.column.tenant.org_id = in.take_text();
    out.column.tenant.env_slug = in.take_text();
    out.column.table = in.take_text();
    out.column.column = in.take_text();
    out.dimensions = in.take<std::uint64_t>();
    const bool has_position = in.take<std::uint8_t>() != 0;
    data::ChangeMark position;
    position.number = in.take<std::uint64_t>();
    position.token = in.take<std::uint64_t>();
    if (has_position) out.position = position;
    out.blocks_name = in.take_text();
    out.blocks = in.take_all<StoredBlock>();
    out.row_ids = in.take_all<std::int64_t>();
    out.norms = in.take_all<float>();
    out.alive = in.take_all<std::uint64_t>();
    out.bad_rows = in.take_all<std::int64_t>();
    if (in.failed() || !in.rest().empty() || !is_whole(out)) return damaged();
    return std::optional<ColumnImage>(std::move(out));
}

void remove_column_files_blocking(const std::string& path) {
    const std::filesystem::path image(path);
    std::error_code error;
    ::unlink(path.c_str());
    const std::string stem = image.stem().string() + ".";
    for (const auto& entry : std::filesystem::directory_iterator(image.parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(stem) && name.ends_with(".blocks")) ::unlink(entry.path().c_str());
    }
}

Result<std::shared_ptr<BlockFile>> BlockFile::make_blocking(const std::string& path) {
    std::error_code error;
    const std::filesystem::path image(path);
    std::filesystem::create_directories(image.parent_path(), error);
    ::chmod(image.parent_path().c_str(), 0700);
    const std::string name =
        image.stem().string() + "." + to_hex(random_bytes(kNameBytes)) + ".blocks";
    const std::string full = path_beside(path, name);
    const int fd = ::open(full.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return not_stored();
    return std::shared_ptr<BlockFile>(new BlockFile(full, name, fd, 0));
}

Result<std::shared_ptr<BlockFile>> BlockFile::open_blocking(const std::string& path,
                                                            const std::string& name) {
    const std::string full = path_beside(path, name);
    const int fd = ::open(full.c_str(), O_RDWR | O_CLOEXEC);
    struct stat info {};
    if (fd < 0) return damaged();
    if (::fstat(fd, &info) != 0) {
        ::close(fd);
        return damaged();
    }
    const auto blocks = static_cast<std::size_t>(info.st_size) / kBlockBytes;
    return std::shared_ptr<BlockFile>(new BlockFile(full, name, fd, blocks));
}

BlockFile::~BlockFile() {
    ::close(fd_);
}

Result<void> BlockFile::write(std::size_t place, std::string_view block) {
    auto at = static_cast<off_t>(place * kBlockBytes);
    while (!block.empty()) {
        const auto written = ::pwrite(fd_, block.data(), block.size(), at);
        if (written <= 0) return not_stored();
        at += written;
        block.remove_prefix(static_cast<std::size_t>(written));
    }
    blocks_ = std::max(blocks_, place + 1);
    return {};
}

Result<void> BlockFile::read(std::size_t place, std::byte* out) const {
    std::size_t done = 0;
    while (done < kBlockBytes) {
        const auto count = ::pread(fd_, out + done, kBlockBytes - done,
                                   static_cast<off_t>(place * kBlockBytes + done));
        if (count <= 0) return damaged();
        done += static_cast<std::size_t>(count);
    }
    return {};
}

Result<void> BlockFile::sync() {
    if (::fdatasync(fd_) != 0) return not_stored();
    return {};
}

void BlockFile::remove() {
    ::unlink(path_.c_str());
}

}  // namespace zs::usearch
