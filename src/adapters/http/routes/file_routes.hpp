#pragma once

#include "adapters/http/router.hpp"
#include "core/files/file_service.hpp"
#include "core/files/file_upkeep.hpp"

#include <string>

namespace zs::http {

// Files by their SHA-256: /v1/files. Nothing of a request becomes a path: a file is named by a
// digest, and a name to save it under goes back in a header only.
// Source: http-api.md section 8. Lifetime: the services outlive it, it outlives the router.
class FileRoutes {
public:
    struct Options {
        // Its administrators look after the store, which all tenants share.
        std::string operating_org = "default";
        std::uint64_t file_bytes_max = 100ULL << 20;
    };
    FileRoutes(files::FileService& files, files::FileUpkeep& upkeep, Options options)
        : files_(files), upkeep_(upkeep), options_(std::move(options)) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> upload(Request& request);
    async::Task<Result<Response>> download(Request& request);
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> remove(Request& request);
    Result<Response> show_maintenance(const Request& request) const;
    async::Task<Result<Response>> start_maintenance(Request& request);
    Result<void> check_operator(const Request& request) const;

    files::FileService& files_;
    files::FileUpkeep& upkeep_;
    const Options options_;
};

}  // namespace zs::http
