#include "server/blob_stores.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "server/settings.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace zs::server {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr const char* kNameFile = "name";

Error cannot_name(const std::filesystem::path& folder) {
    return unavailable("cannot put a name into the folder of artifacts " + folder.string() + ": "
                       + std::strerror(errno));
}

}  // namespace

std::filesystem::path artifact_folder(const Config& config) {
    return config.jobs.artifacts.empty() ? file_store_options(config).folder
                                         : config.jobs.artifacts;
}

Result<std::unique_ptr<BlobStores>> BlobStores::open_blocking(const Config& config,
                                                              async::BlockingPool& pool) {
    std::unique_ptr<BlobStores> stores(new BlobStores());
    auto options = file_store_options(config);
    const bool apart = !config.jobs.artifacts.empty();
    // A worker may stand on a machine without the data directory of a server.
    std::error_code ignored;
    const bool has_data = !apart || std::filesystem::exists(config.server.data, ignored);
    if (!has_data) options.folder = config.jobs.artifacts;
    auto files = localfs::LocalBlobStore::open_blocking(options, pool);
    if (!files) return std::move(files).error();
    stores->files_ = std::move(*files);
    if (!apart || !has_data) return stores;
    options.folder = config.jobs.artifacts;
    auto artifacts = localfs::LocalBlobStore::open_blocking(options, pool);
    if (!artifacts) return std::move(artifacts).error();
    stores->artifacts_ = std::move(*artifacts);
    stores->files_first_.emplace(*stores->files_, *stores->artifacts_);
    stores->artifacts_first_.emplace(*stores->artifacts_, *stores->files_);
    return stores;
}

Result<std::string> known_name_blocking(const std::filesystem::path& folder) {
    std::ifstream in(folder / kNameFile);
    std::string name;
    if (in >> name && name.size() == 2 * kNameBytes) return name;
    return not_found("no server has used the folder of artifacts " + folder.string());
}

Result<std::string> name_of_folder_blocking(const std::filesystem::path& folder) {
    if (auto known = known_name_blocking(folder)) return known;
    // Whole or not at all, and never in the place of another: two servers may begin at once.
    const auto name = to_hex(random_bytes(kNameBytes));
    const auto draft = folder / (std::string(kNameFile) + "." + name);
    std::ofstream(draft) << name << "\n" << std::flush;
    const int linked = ::link(draft.c_str(), (folder / kNameFile).c_str());
    const int error = errno;
    ::unlink(draft.c_str());
    errno = error;
    if (linked != 0 && error != EEXIST) return cannot_name(folder);
    return known_name_blocking(folder);
}

}  // namespace zs::server
