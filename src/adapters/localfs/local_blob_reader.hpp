#pragma once

#include "adapters/localfs/beside.hpp"
#include "adapters/localfs/blob_file.hpp"
#include "core/files/blob_store.hpp"

#include <memory>
#include <string>

namespace zs::localfs {

// An open blob, as the pool's threads see it. Threading: any; each call blocks.
class OpenBlob {
public:
    // Errors: DataLoss when it is no whole blob file.
    static Result<std::shared_ptr<OpenBlob>> open_blocking(File file);

    std::uint64_t size() const { return size_; }
    // The bytes [from, to) of one block, checked. Errors: DataLoss.
    Result<std::string> read_blocking(std::uint64_t from, std::uint64_t to);
    // Tells the kernel what will be read.
    void announce(std::uint64_t from, std::uint64_t to);

private:
    OpenBlob(File file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    File file_;
    std::uint64_t size_;
};

// The port over it: reads the next piece while the last one is sent.
class LocalBlobReader final : public files::BlobReader {
public:
    LocalBlobReader(std::shared_ptr<OpenBlob> blob, files::BlobRange range,
                    async::BlockingPool& pool);
    ~LocalBlobReader() override;
    async::Task<Result<bool>> read(std::string& piece) override;

private:
    void start();

    std::shared_ptr<OpenBlob> blob_;
    async::BlockingPool& pool_;
    Beside<std::string> reading_;
    std::uint64_t at_;
    std::uint64_t end_;
};

}  // namespace zs::localfs
