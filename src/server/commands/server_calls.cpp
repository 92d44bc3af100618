#include "server/commands/server_calls.hpp"

#include "base/json.hpp"

#include <fstream>

namespace zs::server {

ServerCalls::ServerCalls(cli::Target target, cli::Console& console, const Clock& clock,
                         std::size_t parallel)
    : target_(std::move(target)),
      console_(console),
      clock_(clock),
      pool_("server-calls", {.threads = parallel, .queue_max = 100'000}) {}

Result<std::unique_ptr<ServerCalls>> ServerCalls::open(cli::Target target, cli::Console& console,
                                                       const Clock& clock, std::size_t parallel) {
    std::unique_ptr<ServerCalls> calls(
        new ServerCalls(std::move(target), console, clock, parallel));
    auto first = calls->take_session();
    if (!first) return std::move(first).error();
    calls->url_ = (*first)->url();
    calls->give_back(std::move(*first));
    return calls;
}

Result<ServerCalls::Session> ServerCalls::take_session() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto session = std::move(idle_.back());
            idle_.pop_back();
            return session;
        }
    }
    auto opened = cli::ApiSession::open(target_, console_, clock_);
    if (!opened) return std::move(opened).error();
    return std::make_unique<cli::ApiSession>(std::move(*opened));
}

void ServerCalls::give_back(Session session) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
}

async::Task<Result<std::string>> ServerCalls::call(cli::ApiCall call) {
    auto work = [this, call = std::move(call)]() -> Result<std::string> {
        auto session = take_session();
        if (!session) return std::move(session).error();
        auto answer = (*session)->call(call);
        give_back(std::move(*session));
        return answer;
    };
    co_return co_await pool_.run(std::move(work));
}

async::Task<Result<std::string>> ServerCalls::fetch(std::string path) {
    cli::ApiCall wanted;
    wanted.path = std::move(path);
    wanted.accept = "*/*";
    wanted.timeout = std::chrono::seconds(0);
    co_return co_await call(std::move(wanted));
}

async::Task<Result<boost::json::value>> ServerCalls::get(std::string path) {
    cli::ApiCall wanted;
    wanted.path = std::move(path);
    auto body = co_await call(std::move(wanted));
    if (!body) co_return std::move(body).error();
    auto parsed = parse_json(*body);
    if (!parsed) co_return data_loss("the server's answer is no JSON");
    co_return parsed;
}

async::Task<Result<boost::json::value>> ServerCalls::post(std::string path,
                                                          boost::json::object body) {
    cli::ApiCall wanted;
    wanted.method = "POST";
    wanted.path = std::move(path);
    wanted.body = std::move(body);
    auto answer = co_await call(std::move(wanted));
    if (!answer) co_return std::move(answer).error();
    auto parsed = parse_json(*answer);
    if (!parsed) co_return data_loss("the server's answer is no JSON");
    co_return parsed;
}

async::Task<Result<void>> ServerCalls::put_file(std::string path, std::string file,
                                                std::uint64_t size) {
    auto work = [this, path, file, size]() -> Result<void> {
        std::ifstream in(file, std::ios::binary);
        if (!in) return invalid_argument("cannot read " + file);
        cli::UploadSource source;
        source.size = size;
        source.content_type = "application/octet-stream";
        source.rewind = [&in] {
            in.clear();
            return static_cast<bool>(in.seekg(0));
        };
        source.read = [&in](char* to, std::size_t room) -> std::optional<std::size_t> {
            in.read(to, static_cast<std::streamsize>(room));
            if (in.bad()) return std::nullopt;
            return static_cast<std::size_t>(in.gcount());
        };
        cli::ApiCall wanted;
        wanted.method = "PUT";
        wanted.path = path;
        wanted.upload = &source;
        wanted.timeout = std::chrono::seconds(0);
        auto session = take_session();
        if (!session) return std::move(session).error();
        auto answer = (*session)->call(wanted);
        give_back(std::move(*session));
        if (!answer) return std::move(answer).error();
        return {};
    };
    co_return co_await pool_.run(std::move(work));
}

}  // namespace zs::server
