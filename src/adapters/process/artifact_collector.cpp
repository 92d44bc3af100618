#include "adapters/process/artifact_collector.hpp"

#include "adapters/process/limits.hpp"
#include "core/files/blob_claim.hpp"
#include "core/files/limits.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace zs::process {

ArtifactCollector::ArtifactCollector(WorkerGround& ground, std::string folder,
                                     jobs::EventSink& sink)
    : ground_(ground), folder_(std::move(folder)), sink_(sink) {
    rules_.owner = ground.user.change ? ground.user.uid : ::geteuid();
    rules_.files_max = ground.options.artifact_files_max;
    rules_.bytes_max = ground.options.artifact_bytes_max;
}

async::Task<Result<std::vector<std::string>>> ArtifactCollector::collect() {
    auto scan = [folder = folder_, rules = rules_] {
        return scan_artifacts_blocking(folder, rules);
    };
    auto found = co_await on_pool(ground_.parts.pool, scan, limits::kPoolTries, limits::kPoolRetry);
    if (!found) co_return std::move(found).error();
    std::vector<jobs::Artifact> stored;
    for (const auto& file : found->files) {
        auto blob = co_await store(file);
        if (!blob) co_return std::move(blob).error();
        jobs::Artifact artifact;
        artifact.name = file.name;
        artifact.sha256 = blob->sha256;
        artifact.size = blob->size;
        stored.push_back(std::move(artifact));
    }
    for (auto& artifact : stored) {
        auto told = co_await sink_.artifact(std::move(artifact));
        if (!told) co_return std::move(told).error();
    }
    co_return std::move(found->notes);
}

async::Task<Result<files::BlobInfo>> ArtifactCollector::store(FoundArtifact file) {
    auto open = [folder = folder_, rules = rules_, file]() -> Result<std::shared_ptr<Descriptor>> {
        auto opened = open_artifact_blocking(folder, file, rules);
        if (!opened) return opened.error();
        return std::make_shared<Descriptor>(std::move(*opened));
    };
    auto opened =
        co_await on_pool(ground_.parts.pool, open, limits::kPoolTries, limits::kPoolRetry);
    if (!opened) co_return std::move(opened).error();
    auto writer = co_await ground_.parts.blobs.create(file.size);
    if (!writer) co_return std::move(writer).error();
    auto copied = co_await copy(*opened, file.size, **writer);
    if (!copied) co_return std::move(copied).error();
    co_return co_await files::keep_blob(**writer, ground_.parts.ledger, ground_.parts.clock);
}

async::Task<Result<void>> ArtifactCollector::copy(std::shared_ptr<Descriptor> file,
                                                  std::uint64_t size, files::BlobWriter& writer) {
    std::uint64_t left = size;
    while (left > 0) {
        const auto wanted = std::min<std::uint64_t>(left, files::kPieceBytes);
        auto read = [file, wanted]() -> Result<std::string> {
            std::string piece(static_cast<std::size_t>(wanted), '\0');
            const ssize_t got = ::read(file->get(), piece.data(), piece.size());
            if (got < 0) {
                return unavailable(std::string("cannot read an artifact: ") + std::strerror(errno));
            }
            piece.resize(static_cast<std::size_t>(got));
            return piece;
        };
        auto piece =
            co_await on_pool(ground_.parts.pool, read, limits::kPoolTries, limits::kPoolRetry);
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) co_return conflict("an artifact changed while it was collected");
        left -= piece->size();
        auto written = co_await writer.write(std::move(*piece));
        if (!written) co_return std::move(written).error();
    }
    co_return Result<void>();
}

}  // namespace zs::process
