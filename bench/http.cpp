// Hello over HTTP: GET /version against nginx with an equally long body, also pipelined; GET /live.
#include "support/failure.hpp"
#include "support/http_client.hpp"
#include "support/load.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"
#include "support/servers.hpp"

#include <optional>

namespace zs::bench {
namespace {

constexpr int kPipeline = 16;
constexpr const char* kHello = "/version";
constexpr const char* kOurs = "zserver";
constexpr const char* kLive = "zserver, GET /live";
constexpr const char* kPeer = "nginx";
constexpr const char* kPeerSameHeaders = "nginx, same headers";

const std::vector<Report::Column> kColumns{{"answers_per_second", "answers/s", 0},
                                           {"per_server_cpu_second", "/s of server CPU", 0},
                                           {"p50_us", "p50 µs", 0},
                                           {"p99_us", "p99 µs", 0}};

// The value of a header, as the server sent it.
std::optional<std::string> header_of(const Answer& answer, std::string_view name) {
    std::size_t at = answer.head.find("\r\n") + 2;
    while (at < answer.head.size()) {
        const std::size_t end = answer.head.find("\r\n", at);
        const std::string line = answer.head.substr(at, end - at);
        at = end + 2;
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos && line.substr(0, colon) == name) {
            return line.substr(colon + 2);
        }
    }
    return std::nullopt;
}

// nginx answers the very body of ours, and what headers of ours it does not send by itself.
Nginx::Options like(const Answer& answer, const ScratchDir& directory, bool access_log) {
    Nginx::Options options;
    options.directory = directory.path() / "nginx";
    options.body = answer.body;
    options.content_type = header_of(answer, "Content-Type").value_or("application/json");
    options.access_log = access_log;
    for (const char* name :
         {"X-Request-Id", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection",
          "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
          "Content-Security-Policy", "Cache-Control"}) {
        if (const auto value = header_of(answer, name)) options.headers.emplace_back(name, *value);
    }
    return options;
}

template <class Server>
Subject subject(const std::string& name, Server& server, const std::string& path,
                const BenchOptions& options, int clients, int pipeline) {
    const auto run = [&server, path, &options, clients, pipeline] {
        LoadOptions load;
        load.clients = clients;
        load.pipeline = pipeline;
        load.measured = Seconds(options.seconds);
        load.server_cpu = [&server] { return server.cpu_seconds(); };
        const std::string request = request_text("GET", path);
        const auto make = [&request](std::string& out) { out += request; };
        return sample_of(run_http_load(server.endpoint(), load, make));
    };
    return {name, run};
}

void measure(const BenchOptions& options) {
    const ScratchDir directory("http");
    Zserver::Options ours;
    ours.data = directory.path() / "data";
    ours.access_log = options.access_log;
    Zserver zserver(ours);
    const Answer answer = HttpClient(zserver.endpoint()).send(request_text("GET", kHello));
    if (answer.status != 200) throw Failure("GET /version: " + std::to_string(answer.status));
    Nginx nginx(like(answer, directory, options.access_log));

    Report report("http", options);
    report.note("access log", options.access_log ? "on, to a file" : "off");
    report.note("body", std::to_string(answer.body.size()) + " bytes; our headers "
                            + std::to_string(answer.head.size()) + " bytes");
    for (const int clients : options.clients_or({64})) {
        for (const int pipeline : {1, kPipeline}) {
            const std::vector<Subject> subjects{
                subject(kOurs, zserver, kHello, options, clients, pipeline),
                subject(kPeer, nginx, "/hello", options, clients, pipeline),
                subject(kPeerSameHeaders, nginx, "/same_headers", options, clients, pipeline),
                subject(kLive, zserver, "/live", options, clients, pipeline)};
            const auto samples = run_interleaved(subjects, options.rounds);
            const std::string title = std::to_string(clients) + " connections, "
                                      + (pipeline == 1 ? "keep-alive" : "16 pipelined");
            report.table(title, subjects, samples, kColumns, kPeer);
            if (pipeline > 1) continue;
            report.goal("answers/s ÷ nginx", ratio_of(samples, kOurs, kPeer, "answers_per_second"),
                        Report::Bound::AtLeast, 0.9);
        }
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench http: GET /version against nginx with an equally long body",
                                {}, zs::bench::measure);
}
