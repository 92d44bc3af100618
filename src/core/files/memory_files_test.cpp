#include "contract/blob_store_contract.hpp"
#include "contract/file_catalog_contract.hpp"
#include "core/files/blob_store_pair.hpp"
#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"

namespace zs::testing {
namespace {

std::unique_ptr<files::MemoryBlobStore> g_store;

struct Pair {
    files::MemoryBlobStore first;
    files::MemoryBlobStore second;
    files::BlobStorePair both{first, second};
};
std::unique_ptr<Pair> g_pair;

INSTANTIATE_TEST_SUITE_P(Pair, BlobStoreContract,
                         ::testing::Values(BlobStoreFactory{
                             "pair",
                             []() -> BlobStore& {
                                 g_pair = std::make_unique<Pair>();
                                 return g_pair->both;
                             },
                             [](Digest blob) { g_pair->first.damage(blob); }}),
                         blob_store_name);

INSTANTIATE_TEST_SUITE_P(Memory, BlobStoreContract,
                         ::testing::Values(BlobStoreFactory{
                             "memory",
                             []() -> BlobStore& {
                                 g_store = std::make_unique<files::MemoryBlobStore>();
                                 return *g_store;
                             },
                             [](Digest blob) { g_store->damage(blob); }}),
                         blob_store_name);

INSTANTIATE_TEST_SUITE_P(Memory, FileCatalogContract,
                         ::testing::Values(FileCatalogFactory{
                             "memory",
                             []() -> FilePorts {
                                 static std::unique_ptr<files::MemoryFileCatalog> catalog;
                                 catalog = std::make_unique<files::MemoryFileCatalog>();
                                 return {*catalog, *catalog};
                             }}),
                         file_catalog_name);

}  // namespace
}  // namespace zs::testing
