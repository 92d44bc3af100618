#pragma once

#include "adapters/cli/api_session.hpp"
#include "async/blocking_pool.hpp"

#include <boost/json/value.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace zs::server {

// Requests to another zserver from coroutines: each runs on a thread of a pool, over a connection
// that is kept for the next one.
// Lifetime: the console and the clock outlive it. Threading: any.
class ServerCalls {
public:
    // Errors: "usage" for a server or profile that cannot be used.
    static Result<std::unique_ptr<ServerCalls>> open(cli::Target target, cli::Console& console,
                                                     const Clock& clock, std::size_t parallel);

    // Errors: as cli::ApiSession::call; DataLoss when the answer is no JSON.
    async::Task<Result<boost::json::value>> get(std::string path);
    async::Task<Result<boost::json::value>> post(std::string path, boost::json::object body);
    async::Task<Result<std::string>> fetch(std::string path);
    // Sends a file as the body. Errors: also InvalidArgument when it cannot be read.
    async::Task<Result<void>> put_file(std::string path, std::string file, std::uint64_t size);

    const std::string& url() const { return url_; }

private:
    using Session = std::unique_ptr<cli::ApiSession>;
    ServerCalls(cli::Target target, cli::Console& console, const Clock& clock,
                std::size_t parallel);
    Result<Session> take_session();
    void give_back(Session session);
    async::Task<Result<std::string>> call(cli::ApiCall call);

    const cli::Target target_;
    cli::Console& console_;
    const Clock& clock_;
    std::string url_;
    std::mutex mutex_;
    std::vector<Session> idle_;
    async::BlockingPool pool_;
};

}  // namespace zs::server
