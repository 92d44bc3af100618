#include "contract/blob_store_contract.hpp"
#include "contract/file_catalog_contract.hpp"
#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"

namespace zs::testing {
namespace {

std::unique_ptr<files::MemoryBlobStore> g_store;

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
