#include "adapters/relational/blob_folders.hpp"

namespace zs::relational {

async::Task<Result<void>> SqlBlobFolders::announce(std::string folder, Timestamp now) {
    auto work = [folder = std::move(folder), now](Session& session) -> Result<void> {
        auto added = session.execute_with(
            "insert into blob_folders (id, announced_at) values (?, ?)"
            " on conflict (id) do nothing",
            folder, now);
        if (!added) return std::move(added).error();
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<bool>> SqlBlobFolders::knows(std::string folder) {
    auto work = [folder = std::move(folder)](Session& session) -> Result<bool> {
        auto rows = session.query_with("select 1 from blob_folders where id = ?", folder);
        if (!rows) return std::move(rows).error();
        return !rows->empty();
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
